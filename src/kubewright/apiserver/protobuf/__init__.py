"""The protobuf form of the built-in kinds, which client-go's typed clients ask for."""

from kubewright.apiserver.protobuf.codec import DecodeError
from kubewright.apiserver.protobuf.envelope import encode_watch_event
from kubewright.apiserver.protobuf.kinds import decode, encode

__all__ = ["DecodeError", "decode", "encode", "encode_watch_event"]
