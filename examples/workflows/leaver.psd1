# A leaver: no way in from now on, groups taken away, and the mailbox shared.
#
#   idle-lua plan examples/workflows/leaver.psd1 --request examples/workflows/leaver-request.lua --setup examples/workflows/setup.lua
@{
  Name             = 'Leaver'
  LifecycleEvent   = 'Leaver'
  Description      = 'Disables an identity; deletes it only if that is asked for.'

  ContextResolvers = @(
    @{
      Capability = 'IdLE.Identity.Read'
      With       = @{ IdentityKey = '{{Request.IdentityKeys.Account}}' ; Provider = 'Identity' }
    }
  )

  Steps            = @(
    @{
      Name = 'Disable the account'
      Type = 'IdLE.Step.DisableIdentity'
      With = @{ IdentityKey = '{{Request.IdentityKeys.Account}}' }
    }

    @{
      Name = 'End all sessions'
      Type = 'IdLE.Step.RevokeIdentitySessions'
      With = @{ IdentityKey = '{{Request.IdentityKeys.Account}}' }
    }

    @{
      Name = 'Take the groups away'
      Type = 'IdLE.Step.PruneEntitlements'
      With = @{
        IdentityKey = '{{Request.IdentityKeys.Account}}'
        Kind        = 'Group'
        KeepPattern = @('legal-hold-*')
      }
    }

    @{
      Name = 'Share the mailbox'
      Type = 'IdLE.Step.Mailbox.EnsureType'
      With = @{
        IdentityKey = '{{Request.IdentityKeys.Account}}'
        MailboxType = 'Shared'
      }
    }

    @{
      Name = 'Answer that nobody reads it'
      Type = 'IdLE.Step.Mailbox.EnsureOutOfOffice'
      With = @{
        IdentityKey = '{{Request.IdentityKeys.Account}}'
        Config      = @{
          Mode             = 'Enabled'
          InternalMessage  = @'
This mailbox is no longer read.
Please write to {{Request.Intent.Deputy}}.
'@
          ExternalMessage  = 'This mailbox is no longer read.'
          ExternalAudience = 'All'
        }
      }
    }

    # Deleting cannot be taken back: it must be asked for, and it waits for the last day.
    @{
      Name                = 'Delete the account'
      Type                = 'IdLE.Step.DeleteIdentity'
      Condition           = @{ Equals = @{ Path = 'Request.Intent.Delete'; Value = $true } }
      Precondition        = @{ Exists = 'Request.Context.LastDayIsOver' }
      OnPreconditionFalse = 'Blocked'
      PreconditionEvent   = @{ Type = 'DeletionHeld'; Message = 'the last day is not over yet' }
      With                = @{ IdentityKey = '{{Request.IdentityKeys.Account}}' }
    }
  )

  OnFailureSteps   = @(
    @{
      Name = 'Tell the security team'
      Type = 'IdLE.Step.EmitEvent'
      With = @{ Message = 'The leaver {{Request.IdentityKeys.Account}} may still have access.' }
    }
  )
}
