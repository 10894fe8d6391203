"""The patch engines: an object and a patch go in, the patched object comes out.

All three take what JSON decoding gave, and consume it: the document is changed in place, and both it and the patch may
lend parts to the result, so the caller hands over copies of its own.  What comes out has not been checked against a
schema.  Applying configurations is not a patch of this sort: see `kubewright.apiserver.apply`.
"""

from kubewright.apiserver.patch.json_patch import PatchFailed, ValueDiffers, carry_out, json_patch
from kubewright.apiserver.patch.merge_patch import merge_patch
from kubewright.apiserver.patch.strategic import strategic_merge

__all__ = ["PatchFailed", "ValueDiffers", "carry_out", "json_patch", "merge_patch", "strategic_merge"]
