"""The two-stage recipe: Lighthouse, then dense resume with the same optimiser state and data order.

Imports go one way: `families` (what a sequence is), `recipe` (what decides a training), `batches`, `loop`.
"""
