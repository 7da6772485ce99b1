"""Where people train: callbacks for Lightning and for transformers' Trainer.

Nothing is imported here: `from actscope.integrations.lightning import ActivationHealth`, or
`from actscope.integrations.transformers import ActivationHealth`, loads that one framework.
"""
