"""Our bytes against Google's protobuf, with the schema that others publish and with our own."""

import random

import pytest
from google.protobuf.descriptor import FieldDescriptor
from opentelemetry._opamp.proto import anyvalue_pb2, opamp_pb2

import wire

COUNT = 400

# What OpAMP v0.18 has and the foreign package does not know yet. A line leaves this list when the package learns it.
NEWER_FIELDS = {
    "AgentToServer.connection_settings_status",
    "OpAMPConnectionSettings.tls",
    "OpAMPConnectionSettings.proxy",
    "TelemetryConnectionSettings.tls",
    "TelemetryConnectionSettings.proxy",
    "OtherConnectionSettings.tls",
    "OtherConnectionSettings.proxy",
}
NEWER_MESSAGES = {"ConnectionSettingsStatus", "TLSConnectionSettings", "ProxyConnectionSettings"}
NEWER_ENUMS = {"ConnectionSettingsStatuses"}
NEWER_VALUES = {("AgentCapabilities", "AgentCapabilities_ReportsConnectionSettingsStatus", 0x8000)}


@pytest.fixture(scope="module", params=wire.DIRECTIONS)
def direction(request):
    return request.param


@pytest.fixture(scope="module", params=["their schema", "our schema"])
def message_class(request, direction):
    classes = wire.their_messages() if request.param == "their schema" else wire.our_messages()
    return classes[direction]


# The schema


def facts(files):
    """Every field and every enumeration value of some file descriptors, in comparable form."""
    fields, values = {}, set()

    def take(message, prefix):
        name = f"{prefix}{message.name}"
        fields[name] = {
            field.name: (
                field.number,
                field.type,
                field.label,
                field.type_name.rpartition(".")[2],
                message.oneof_decl[field.oneof_index].name if field.HasField("oneof_index") else None,
                message.options.map_entry,
            )
            for field in message.field
        }
        for nested in message.nested_type:
            take(nested, f"{name}.")

    for file in files:
        for message in file.message_type:
            take(message, "")
        for enum in file.enum_type:
            values |= {(enum.name, value.name, value.number) for value in enum.value}
    return fields, values


@pytest.fixture(scope="module")
def ours():
    return facts(wire.our_files().file)


@pytest.fixture(scope="module")
def theirs():
    from google.protobuf import descriptor_pb2

    files = []
    for module in (anyvalue_pb2, opamp_pb2):
        file = descriptor_pb2.FileDescriptorProto()
        module.DESCRIPTOR.CopyToProto(file)
        files.append(file)
    return facts(files)


def test_both_schemas_have_the_same_messages(ours, theirs):
    assert set(theirs[0]) == set(ours[0]) - NEWER_MESSAGES
    assert NEWER_MESSAGES <= set(ours[0])


def test_every_field_has_the_same_name_number_type_label_oneof_and_map(ours, theirs):
    compared = 0
    for message, fields in theirs[0].items():
        expected = {
            name: fact for name, fact in ours[0][message].items() if f"{message}.{name}" not in NEWER_FIELDS
        }
        assert fields == expected, message
        compared += len(fields)
    assert compared > 100


def test_the_list_of_newer_fields_has_no_stale_line(ours, theirs):
    for path in NEWER_FIELDS:
        message, _, field = path.partition(".")
        assert field in ours[0][message] and field not in theirs[0][message], path


def test_every_enumeration_value_has_the_same_name_and_number(ours, theirs):
    newer = {value for value in ours[1] if value[0] in NEWER_ENUMS} | NEWER_VALUES
    assert theirs[1] == ours[1] - newer
    assert newer <= ours[1]


# The bytes


def test_our_messages_survive_a_journey_through_their_codec(tool, seed, direction, message_class):
    sent = tool("generate", direction, seed, COUNT)
    assert len(sent) == COUNT
    back = [message_class.FromString(bytes.fromhex(line)).SerializeToString().hex() for line in sent]
    assert tool("decode-encode", direction, lines=back) == sent


def test_their_messages_survive_a_journey_through_our_codec(tool, seed, direction, message_class):
    chance = random.Random(seed)
    sent = []
    for _ in range(COUNT):
        message = message_class()
        wire.fill(message, chance)
        sent.append(message)
    back = tool("decode-encode", direction, lines=[message.SerializeToString().hex() for message in sent])
    assert len(back) == COUNT
    for message, line in zip(sent, back, strict=True):
        assert not line.startswith("refused"), (line, message)
        assert message_class.FromString(bytes.fromhex(line)) == message


def test_our_bytes_are_the_bytes_their_deterministic_encoder_makes(tool, direction):
    # Random messages differ in how an empty map key or value is left out; the full sample has none.
    [line] = tool("full-sample", direction)
    message = wire.our_messages()[direction].FromString(bytes.fromhex(line))
    assert message.SerializeToString(deterministic=True).hex() == line


def test_every_field_of_our_full_sample_arrives_under_its_own_name(tool, direction):
    [line] = tool("full-sample", direction)
    message = wire.our_messages()[direction].FromString(bytes.fromhex(line))
    leaves = list(walk(message))
    assert len(leaves) > 40
    for field, value in leaves:
        if field.type == FieldDescriptor.TYPE_STRING:
            assert value == field.name
        elif field.type == FieldDescriptor.TYPE_BYTES:
            assert value == field.name.encode()
        elif field.type in (FieldDescriptor.TYPE_UINT64, FieldDescriptor.TYPE_FIXED64, FieldDescriptor.TYPE_DOUBLE):
            assert value == field.number


def walk(message):
    """Every scalar that is set, with its field."""
    for field, value in message.ListFields():
        if wire.is_map(field):
            entry = field.message_type.fields_by_name
            for key, inner in value.items():
                yield entry["key"], key
                if entry["value"].message_type is None:
                    yield entry["value"], inner
                else:
                    yield from walk(inner)
        elif field.message_type is not None:
            for inner in value if field.is_repeated else [value]:
                yield from walk(inner)
        else:
            for inner in value if field.is_repeated else [value]:
                yield field, inner


def test_an_unknown_field_is_ignored(tool, direction, message_class):
    message = message_class(instance_uid=b"0123456789abcdef")
    known = message.SerializeToString().hex()
    # Field 1000 as a number, field 1001 as bytes.
    assert tool("decode-encode", direction, lines=[known + "c03e05" + "ca3e03414243"]) == [known]
