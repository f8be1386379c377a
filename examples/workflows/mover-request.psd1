@{
  LifecycleEvent = 'Mover'
  CorrelationId  = 'b1c0a0de-3f7f-4c1e-8a44-2f6f6f1f9b02'
  Actor          = 'HR'
  IdentityKeys   = @{ Account = 'grace.hopper' }
  Intent         = @{ Department = 'Research' }
}
