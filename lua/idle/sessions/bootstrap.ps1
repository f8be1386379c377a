param($reader)
$global:ErrorActionPreference = 'Stop'
$global:WarningPreference = 'Continue'
$global:VerbosePreference = $global:DebugPreference = $global:InformationPreference = $global:ProgressPreference = 'SilentlyContinue'
$out = [Console]::OpenStandardOutput()
$utf8 = New-Object Text.UTF8Encoding $false
$token, $limit = $reader.ReadLine() -split ' '
function Send($seq, $kind, $body, $depth) {
  $b = [Convert]::ToBase64String($utf8.GetBytes([Management.Automation.PSSerializer]::Serialize($body, $depth)))
  if ($b.Length -gt [int]$limit) { $kind = 'large'; $b = "$($b.Length)" }
  $line = [Text.Encoding]::ASCII.GetBytes("`nIDLE $token $seq $kind $($b.Length) $b $token`n")
  $out.Write($line, 0, $line.Length); $out.Flush()
}
function Clean($text) { if ($null -ne $text) { $text -replace '[\uFFFE\uFFFF]', '?' } }
function Failure($e) {
  $chain = New-Object Collections.ArrayList; $x = $e.Exception
  while ($x) { [void]$chain.Add(@{ type = $x.GetType().FullName; message = Clean $x.Message; hresult = $x.HResult }); $x = $x.InnerException }
  @{ id = Clean $e.FullyQualifiedErrorId; category = "$($e.CategoryInfo.Category)"; reason = $e.CategoryInfo.Reason; target = Clean $e.CategoryInfo.TargetName
     exceptions = $chain; position = Clean $e.InvocationInfo.PositionMessage; stack = Clean $e.ScriptStackTrace }
}
$hello = @{ version = "$($PSVersionTable.PSVersion)"; edition = $PSVersionTable.PSEdition; now = [datetime]::UtcNow; pid = $PID; machine = [Environment]::MachineName; user = [Environment]::UserName; elevated = $null }
try { $id = [Security.Principal.WindowsIdentity]::GetCurrent(); $hello.user = $id.Name
  $hello.elevated = (New-Object Security.Principal.WindowsPrincipal $id).IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator) } catch { }
Send 0 'hello' $hello 2
while ($line = $reader.ReadLine()) {
  $seq = -1
  try {
    $q = [Management.Automation.PSSerializer]::Deserialize($utf8.GetString([Convert]::FromBase64String($line)))
    $seq = $q.seq; $name = $q.command; $p = $q.params; $warnings = New-Object Collections.ArrayList; $output = New-Object Collections.ArrayList
    foreach ($o in @(& $name @p 3>&1)) { if ($o -is [Management.Automation.WarningRecord]) { [void]$warnings.Add($o.Message) } else { [void]$output.Add($o) } }
    Send $seq 'ok' @{ output = $output; warnings = $warnings } ($q.depth + 2)
  } catch { Send $seq 'error' (Failure $_) 4 }
}
