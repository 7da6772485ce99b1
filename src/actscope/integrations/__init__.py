"""Where people train and keep track: Lightning, transformers' Trainer, MLflow.

Nothing is imported here: `from actscope.integrations.lightning import ActivationHealth`, the same
from `transformers`, or `from actscope.integrations import mlflow`, loads that one framework.
"""
