--- What the options of the simulated sync server are for: data only, in the order of `help sim`.

---@type { [1]: string, [2]: string }[]  name, text
return {
  { "cycle_seconds", "work of a cycle's runs, the pauses between them not counted" },
  { "gap_seconds", "pause between two runs of a cycle" },
  { "flag_in_gaps", "false: in these pauses no cycle is said to be in progress" },
  { "start_delay_seconds", "from the accepted start until the cycle shows" },
  { "schedule_seconds", "interval of the scheduled cycles; the first one comes after half of it" },
  { "past_cycles", "how many scheduled cycles are in the history from the start" },
  { "foreign_starts", "seconds, negative ones for the past, at which somebody else starts a cycle, as in [-3,12]" },
  { "busy_starts", "how many starts are refused first, because a connector is busy" },
  { "staging", "true: the server is in staging mode" },
  { "suspended", "true: the scheduler is suspended" },
  { "disabled", "true: the sync schedule is disabled" },
  { "rights", "false: every command of the module is denied" },
  { "module", "false: the module ADSync is not installed" },
  { "old_server", "true: the scheduler does not say whether a cycle is in progress" },
  { "pending_export", "false: there is nothing to export, so no export run is recorded" },
  { "result", [[how runs end, by name: {"Entra Export":"completed-export-errors"}]] },
  { "history", "false: reading the run history is denied" },
  { "history_at", "when a run appears there: begin or end" },
  { "history_lag_seconds", "by how much the history is behind" },
  { "clock_skew_seconds", "by how much the server's clock is ahead" },
  { "latency_seconds", "what the way there and back takes" },
  { "faults", [[answers that go wrong: [{"command":"Start-ADSyncSyncCycle","nth":1,"fault":"lose_answer"}]; ]]
    .. "a fault is one of lose_answer, transient, null, hang, exit" },
  { "noise", "only behind sshd: banners and warnings around the answers" },
  { "language_mode", "only behind sshd: the mode of PowerShell, such as ConstrainedLanguage" },
}
