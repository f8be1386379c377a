# What a spec of workflow_spec.lua expects to be refused.
@{
  Name           = 'Misspelled'
  LifecycleEvent = 'Joiner'
  Steps          = @(
    @{
      Name     = 'Say hello'
      Type     = 'IdLE.Step.EmitEvent'
      Conditon = @{ Exists = 'Request.Intent.Department' }
      With     = @{ Message = 'hello' }
    }
  )
}
