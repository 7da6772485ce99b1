"""The lesson and the playground, in a browser or a notebook."""

from actscope.web._serve import serve as serve
from actscope.web._widget import Playground as Playground
