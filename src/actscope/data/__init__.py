"""Tables in: CSV, Parquet, frames, arrays -> numbers ready to train on."""

from actscope.data._arrangement import Arrangement as Arrangement
from actscope.data._dataset import Dataset as Dataset
from actscope.data._dataset import load as load
from actscope.data._encoder import Encoder as Encoder
from actscope.data._files import available_memory as available_memory
from actscope.data._read import read_frame as read_frame
from actscope.data._schema import Column as Column
from actscope.data._schema import Schema as Schema
from actscope.data._target import Task as Task

__all__ = [
    "Arrangement",
    "Column",
    "Dataset",
    "Encoder",
    "Schema",
    "Task",
    "available_memory",
    "load",
    "read_frame",
]
