"""Client of lqvg-serve: finds what expressions describe in remote-sensing pictures.

    with lqvg.Client() as client:
        print(client.ground("scene.png", "the red ship").results[0].best)

lqvg.aio.Client is the same for asyncio; lqvg.v1 holds the contract's generated messages.
"""
from lqvg.answers import Box, Grounding, Health, Limits, Model, ModelId, Receipt, Result
from lqvg.client import Client
from lqvg.connection import Tls, __version__
from lqvg.errors import (Aborted, AlreadyExists, Cancelled, Code, DataLoss, DeadlineExceeded, Error, FailedPrecondition,
                         Internal, InvalidArgument, NotFound, OutOfRange, PermissionDenied, ResourceExhausted,
                         Unauthenticated, Unavailable, Unimplemented, Unknown, Violation)
from lqvg.pictures import Picture
from lqvg.stream import Item, Outcome

__all__ = [
    "Aborted", "AlreadyExists", "Box", "Cancelled", "Client", "Code", "DataLoss", "DeadlineExceeded", "Error",
    "FailedPrecondition", "Grounding", "Health", "Internal", "InvalidArgument", "Item", "Limits", "Model", "ModelId",
    "NotFound", "OutOfRange", "Outcome", "PermissionDenied", "Picture", "Receipt", "ResourceExhausted", "Result", "Tls", "Unauthenticated",
    "Unavailable", "Unimplemented", "Unknown", "Violation", "__version__",
]
