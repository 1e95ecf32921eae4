"""A guard under which whatever would make the host wait for the device fails."""

from __future__ import annotations

import torch
from torch.utils._python_dispatch import TorchDispatchMode

#: What the host has to see before it can go on: a value, or a size that depends on values.
WAITING = {
    "_local_scalar_dense",
    "item",
    "is_nonzero",
    "equal",
    "nonzero",
    "masked_select",
    "unique_dim",
    "_unique2",
    "unique_consecutive",
    "repeat_interleave",
    "bincount",
    # torch.tensor(…) of numbers of the host: a copy that waits
    "lift_fresh",
}


class NeverWaits(TorchDispatchMode):
    """Fails where a step reads from the device, or hands it arrays of the host."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        name = func.overloadpacket.__name__
        assert name not in WAITING, f"{func} makes the host wait for the device"
        if name in ("index", "index_put", "index_put_", "_index_put_impl_"):
            for index in args[1]:
                assert index is None or index.dtype not in (torch.bool, torch.uint8), f"{func} by a mask"
        result = func(*args, **kwargs)
        if name in ("_to_copy", "copy_", "to"):
            devices = {tensor.device for tensor in (*args, result) if isinstance(tensor, torch.Tensor)}
            assert len(devices) == 1, f"{func} copies from one device to another"
        return result
