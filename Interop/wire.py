"""The OpAMP schema twice: as others publish it, and as our .proto files say; and messages made by chance for both."""

import math
import pathlib
import shutil
import subprocess
import tempfile

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor import FieldDescriptor
from opentelemetry._opamp.proto import opamp_pb2

PROTO = pathlib.Path(__file__).parent.parent / "Sources/COpAMPMessages/proto"
DIRECTIONS = {"agent-to-server": "AgentToServer", "server-to-agent": "ServerToAgent"}


def our_files():
    """Our .proto files as descriptors."""
    compiler = shutil.which("protoc") or shutil.which("protoc-c")
    assert compiler, "neither protoc nor protoc-c is here; install the package protobuf-c-compiler"
    with tempfile.NamedTemporaryFile() as made:
        subprocess.run(
            [
                compiler,
                f"--proto_path={PROTO}",
                "--include_imports",
                f"--descriptor_set_out={made.name}",
                "opamp.proto",
            ],
            check=True,
        )
        return descriptor_pb2.FileDescriptorSet.FromString(pathlib.Path(made.name).read_bytes())


def our_messages():
    """A Python class for each of AgentToServer and ServerToAgent, made from our files by Google's library."""
    pool = descriptor_pool.DescriptorPool()
    for file in our_files().file:
        pool.Add(file)
    return {
        direction: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"opamp.proto.v1.{name}"))
        for direction, name in DIRECTIONS.items()
    }


def their_messages():
    """The same classes of the foreign package, which knows an older version of the specification."""
    return {direction: getattr(opamp_pb2, name) for direction, name in DIRECTIONS.items()}


def is_map(field):
    return field.message_type is not None and field.message_type.GetOptions().map_entry


def fill(message, chance, depth=4):
    """Sets fields by chance, in every way the schema allows."""
    for field in message.DESCRIPTOR.fields:
        if chance.random() < 0.4 or (field.message_type is not None and depth == 0):
            continue
        count = chance.randrange(4)
        if is_map(field):
            value_field = field.message_type.fields_by_name["value"]
            entries = getattr(message, field.name)
            for _ in range(count):
                key = text(chance)
                if value_field.message_type is None:
                    entries[key] = scalar(value_field, chance)
                else:
                    fill(entries[key], chance, depth - 1)
        elif field.is_repeated:
            for _ in range(count):
                if field.message_type is None:
                    getattr(message, field.name).append(scalar(field, chance))
                else:
                    fill(getattr(message, field.name).add(), chance, depth - 1)
        elif field.message_type is not None:
            inner = getattr(message, field.name)
            inner.SetInParent()
            fill(inner, chance, depth - 1)
        else:
            setattr(message, field.name, scalar(field, chance))


def scalar(field, chance):
    kind = field.type
    if kind == FieldDescriptor.TYPE_STRING:
        return text(chance)
    if kind == FieldDescriptor.TYPE_BYTES:
        return chance.randbytes(chance.choice([0, 1, 16, 32, 127, 128, 300]))
    if kind == FieldDescriptor.TYPE_BOOL:
        return chance.random() < 0.5
    if kind == FieldDescriptor.TYPE_ENUM:
        return chance.choice([0, 1, 2, 3, 4, 77, -1, 2**31 - 1])
    if kind == FieldDescriptor.TYPE_DOUBLE:
        return chance.choice([0.0, 1.0, -2.5, math.inf, 5e-324, chance.random()])
    if kind == FieldDescriptor.TYPE_INT64:
        return chance.getrandbits(64) - 2**63
    return chance.getrandbits(chance.choice([1, 7, 8, 32, 63, 64]))


def text(chance):
    pieces = ["", "a", "key", "é", "日本語", "🛰", "\x7f", "\n", "\U0010ffff"]
    return "".join(chance.choice(pieces) for _ in range(3))
