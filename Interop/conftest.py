"""What every interoperability test needs: our tool, and the seed of this run."""

import os
import random
import subprocess

import pytest

from opamp_server import Mode
from world import World


@pytest.fixture(scope="session")
def tool():
    """Runs interop-tool with a subcommand, and gives back the lines it writes."""
    path = os.environ.get("INTEROP_TOOL")
    assert path, "INTEROP_TOOL must name the interop-tool; Interop/run sets it"

    def run(*arguments, lines=()):
        result = subprocess.run(
            [path, *map(str, arguments)],
            input="".join(f"{line}\n" for line in lines),
            capture_output=True,
            text=True,
        )
        assert result.returncode == 0, f"interop-tool {arguments}: {result.stdout[-2000:]}{result.stderr[-2000:]}"
        return result.stdout.splitlines()

    return run


@pytest.fixture(scope="session")
def seed():
    """The seed of everything random in this run; INTEROP_SEED repeats one."""
    return int(os.environ.get("INTEROP_SEED") or random.SystemRandom().getrandbits(32))


@pytest.fixture
def world():
    world = World()
    with world.stack:
        yield world
        for program in world.programs:
            assert program.hits > 0, f"{program.name} was never used: {program.log}"


@pytest.fixture(autouse=True)
def every_mode_is_hit(request):
    """A server that was to do something and never did it has shown nothing."""
    before = len(Mode.made)
    yield
    modes = Mode.made[before:] + [mode for mode in parameters(request) if isinstance(mode, Mode)]
    for mode in modes:
        assert type(mode) is Mode or mode.hits > 0, f"{type(mode).__name__} was never hit"


def parameters(request):
    return request.node.callspec.params.values() if hasattr(request.node, "callspec") else []


@pytest.fixture(autouse=True)
def say_seed(request):
    """Prints the seed into the output of a failed test that uses one."""
    if "seed" in request.fixturenames:
        print(f"repeat with INTEROP_SEED={request.getfixturevalue('seed')}")
