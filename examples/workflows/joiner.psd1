# A joiner: account, attributes, groups, directory sync, mailbox.
#
#   idle-lua plan examples/workflows/joiner.psd1 --request examples/workflows/joiner-request.json --setup examples/workflows/setup.lua
#
# The setup stands in for the systems: mock providers, and the built-in simulator of Entra Connect.
@{
  Name           = 'Joiner'
  LifecycleEvent = 'Joiner'
  Description    = 'Creates an account, brings it to Entra ID and prepares its mailbox.'

  Steps          = @(
    @{
      Name         = 'Create the account'
      Type         = 'IdLE.Step.CreateIdentity'
      RetryProfile = 'Directory'
      With         = @{
        IdentityKey = '{{Request.IdentityKeys.Account}}'
        Attributes  = @{
          GivenName   = '{{Request.Intent.GivenName}}'
          Surname     = '{{Request.Intent.Surname}}'
          DisplayName = '{{Request.Intent.GivenName}} {{Request.Intent.Surname}}'
        }
      }
    }

    @{
      Name = 'Set the attributes'
      Type = 'IdLE.Step.EnsureAttributes'
      With = @{
        IdentityKey = '{{Request.IdentityKeys.Account}}'
        Attributes  = @{
          Department = '{{Request.Intent.Department}}'
          Title      = '{{Request.Intent.Title}}'
        }
      }
    }

    @{
      Name = 'Grant the staff group'
      Type = 'IdLE.Step.EnsureEntitlement'
      With = @{
        IdentityKey = '{{Request.IdentityKeys.Account}}'
        Entitlement = @{ Kind = 'Group'; Id = 'all-staff' }
        State       = 'Present'
      }
    }

    # Not everybody works from home.
    @{
      Name      = 'Grant VPN'
      Type      = 'IdLE.Step.EnsureEntitlement'
      Condition = @{
        All = @(
          @{ Equals = @{ Path = 'Request.Intent.NeedsVpn'; Value = $true } }
          @{ NotEquals = @{ Path = 'Request.Intent.Department'; Value = 'Reception' } }
        )
      }
      With      = @{
        IdentityKey = '{{Request.IdentityKeys.Account}}'
        Entitlement = @{ Kind = 'Group'; Id = 'vpn-users' }
        State       = 'Present'
      }
    }

    # Goes on only when this very cycle has exported the account.
    @{
      Name = 'Sync the account'
      Type = 'IdLE.Step.TriggerDirectorySync'
      With = @{
        Provider            = 'DirectorySync'
        AuthSessionName     = 'EntraConnect'
        AuthSessionOptions  = @{ Role = 'EntraConnectAdmin' }
        PolicyType          = 'Delta'
        Wait                = $true
        TimeoutSeconds      = 300
        PollIntervalSeconds = 1
      }
    }

    @{
      Name = 'Prepare the mailbox'
      Type = 'IdLE.Step.Mailbox.EnsureType'
      With = @{
        IdentityKey = '{{Request.IdentityKeys.Account}}'
        MailboxType = 'User'
      }
    }

    @{
      Name = 'Say that it is done'
      Type = 'IdLE.Step.EmitEvent'
      With = @{ Message = '{{Request.Intent.GivenName}} {{Request.Intent.Surname}} can start.' }
    }
  )

  OnFailureSteps = @(
    @{
      Name = 'Tell the service desk'
      Type = 'IdLE.Step.EmitEvent'
      With = @{ Message = 'The joiner {{Request.IdentityKeys.Account}} needs a person to look at it.' }
    }
  )
}
