"""The protobuf form of the built-in kinds, which client-go's typed clients ask for."""

from kubewright.apiserver.protobuf.codec import DecodeError, Message, message
from kubewright.apiserver.protobuf.envelope import decode_object, encode_object, encode_watch_event

__all__ = ["DecodeError", "Message", "decode_object", "encode_object", "encode_watch_event", "message"]
