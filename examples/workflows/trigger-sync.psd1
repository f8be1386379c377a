# Starts a sync cycle on the Entra Connect server and waits until it has exported.
#
#   idle-lua plan examples/workflows/trigger-sync.psd1 --request examples/workflows/trigger-sync-request.json --setup examples/workflows/setup.lua
@{
  Name           = 'Directory sync'
  LifecycleEvent = 'Operational'
  Description    = 'Triggers an Entra Connect sync cycle and waits for it.'

  Steps          = @(
    @{
      Name = 'Trigger the sync'
      Type = 'IdLE.Step.TriggerDirectorySync'
      With = @{
        Provider            = 'DirectorySync'

        # A session is handed out by name and role; the workflow never holds a credential.
        AuthSessionName     = 'EntraConnect'
        AuthSessionOptions  = @{ Role = 'EntraConnectAdmin' }

        # Delta or Initial
        PolicyType          = '{{Request.Intent.PolicyType}}'

        Wait                = $true
        TimeoutSeconds      = 300
        PollIntervalSeconds = 1
      }
    }

    @{
      Name = 'Note the end'
      Type = 'IdLE.Step.EmitEvent'
      With = @{ Message = 'The sync cycle ({{Request.Intent.PolicyType}}) is over.' }
    }
  )
}
