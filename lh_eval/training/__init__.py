"""The two-stage recipe: Lighthouse, then dense resume with the same optimiser state and data order."""
