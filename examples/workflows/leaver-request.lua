return {
  LifecycleEvent = "Leaver",
  CorrelationId = "0d3a5f0e-9d0b-4f57-8a0a-6b7a0a4a7c03",
  Actor = "HR",
  IdentityKeys = { Account = "alan.turing" },
  Intent = { Deputy = "joan.clarke@corp.example", Delete = false },
}
