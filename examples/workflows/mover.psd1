# A mover: new attributes and container, and only the groups that the new place needs.
#
#   idle-lua plan examples/workflows/mover.psd1 --request examples/workflows/mover-request.psd1 --setup examples/workflows/setup.lua
@{
  Name             = 'Mover'
  LifecycleEvent   = 'Mover'
  Description      = 'Moves an identity to another department.'

  # Asked before anything is planned: what the person has today.
  ContextResolvers = @(
    @{
      Capability = 'IdLE.Identity.Read'
      With       = @{ IdentityKey = '{{Request.IdentityKeys.Account}}'; Provider = 'Identity' }
    }
    @{
      Capability = 'IdLE.Entitlement.List'
      With       = @{ IdentityKey = '{{Request.IdentityKeys.Account}}'; Provider = 'Identity' }
    }
  )

  Steps            = @(
    @{
      Name      = 'Set the department'
      Type      = 'IdLE.Step.EnsureAttributes'
      Condition = @{
        NotEquals = @{
          Path  = 'Request.Context.Views.Identity.Profile.Attributes.Department'
          Value = 'Research'
        }
      }
      With      = @{
        IdentityKey = '{{Request.IdentityKeys.Account}}'
        Attributes  = @{ Department = '{{Request.Intent.Department}}' }
      }
    }

    @{
      Name = 'Move the account'
      Type = 'IdLE.Step.MoveIdentity'
      With = @{
        IdentityKey     = '{{Request.IdentityKeys.Account}}'
        TargetContainer = 'OU={{Request.Intent.Department}},OU=Staff,DC=corp,DC=example'
      }
    }

    @{
      Name      = 'Take the finance groups away'
      Type      = 'IdLE.Step.PruneEntitlementsEnsureKeep'
      Condition = @{ Contains = @{ Path = 'Request.Context.Views.Identity.Entitlements.Id'; Value = 'finance-ledger' } }
      With      = @{
        IdentityKey = '{{Request.IdentityKeys.Account}}'
        Kind        = 'Group'
        Keep        = @(
          @{ Id = 'all-staff' }
          @{ Id = 'research-data' }
        )
      }
    }

    @{
      Name      = 'Turn off the out-of-office note'
      Type      = 'IdLE.Step.Mailbox.EnsureOutOfOffice'
      Condition = @{ Exists = 'Request.Intent.ReturnsFromLeave' }
      With      = @{
        IdentityKey = '{{Request.IdentityKeys.Account}}'
        Config      = @{ Mode = 'Disabled' }
      }
    }
  )
}
