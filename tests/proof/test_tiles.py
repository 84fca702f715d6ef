"""Tiles: their paths, which there are, and proofs from them alone."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goodstanding.proof import merkle, tiles
from goodstanding.proof.errors import ProofError
from goodstanding.proof.tiles import Tile

LEAVES = [merkle.leaf_hash(number.to_bytes(4, "big")) for number in range(70_000)]


def nothing(path):
    raise FileNotFoundError(path)


def kept(files):
    def fetch(path):
        if path not in files:
            raise FileNotFoundError(path)
        return files[path]

    return fetch


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 1234067), "tile/0/x001/x234/067"),
        (Tile(0, 0), "tile/0/000"),
        (Tile(63, 999, 255), "tile/63/999.p/255"),
        (Tile(1, 1000, 1), "tile/1/x001/000.p/1"),
        (Tile(-1, 273, 112), "tile/entries/273.p/112"),
    ],
)
def test_paths_are_those_of_the_specification(tile, path):
    assert tile.path == path
    assert Tile.parse(path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/67",
        "tile/00/067",
        "tile/64/067",
        "tile/0/x000/067",
        "tile/0/001/067",
        "tile/0/067.p/0",
        "tile/0/067.p/256",
        "tile/0/067.p/01",
        "tile/0/../../etc/passwd",
        "tile/0/x001/x067",
        "tile/0/067\n",
    ],
)
def test_other_paths_are_refused(path):
    with pytest.raises(ValueError, match="expected the path of a tile"):
        Tile.parse(path)


def test_a_tree_of_70000_leaves_has_the_tiles_that_the_specification_counts():
    found = list(tiles.tiles(70_000))
    assert [len([one for one in found if one.level == level and one.width == 256]) for level in range(3)] == [273, 1, 0]
    assert [one for one in found if one.width < 256] == [Tile(0, 273, 112), Tile(1, 1, 17), Tile(2, 0, 1)]
    assert list(tiles.tiles(256)) == [Tile(0, 0), Tile(1, 0, 1)]
    assert list(tiles.tiles(0)) == []
    assert [one.path for one in tiles.tiles(600, entries=True)] == [
        "tile/entries/000",
        "tile/entries/001",
        "tile/entries/002.p/88",
    ]


@settings(max_examples=30)
@given(st.lists(st.integers(1, 700), min_size=1, max_size=6))
def test_tiles_made_step_by_step_are_those_of_the_tree_and_prove_it(steps):
    files, size = {}, 0
    for step in steps:
        new = tiles.grown(size, LEAVES[size : size + step], kept(files))
        assert set(new) == {one.path for one in tiles.tiles(size + step, size)}
        files |= new
        size += step
    read = tiles.reader(size, kept(files))
    root = merkle.root(LEAVES[:size])
    assert merkle.root_at(size, read) == root
    for index in (0, size // 2, size - 1):
        merkle.check_inclusion(LEAVES[index], index, size, merkle.inclusion(index, size, read), root)
    for old in (steps[0], size // 3 + 1):
        merkle.check_consistency(old, merkle.root(LEAVES[:old]), size, root, merkle.consistency(old, size, read))


def test_a_proof_over_three_levels_of_tiles():
    files = tiles.grown(0, LEAVES, nothing)
    assert set(files) == {one.path for one in tiles.tiles(70_000)}
    read = tiles.reader(70_000, kept(files))
    merkle.check_inclusion(LEAVES[65_540], 65_540, 70_000, merkle.inclusion(65_540, 70_000, read), merkle.root(LEAVES))


def test_the_full_tile_stands_in_for_a_partial_one_that_is_gone():
    files = {path: data for path, data in tiles.grown(0, LEAVES[:300], nothing).items() if ".p/" not in path}
    assert merkle.root_at(200, tiles.reader(200, kept(files))) == merkle.root(LEAVES[:200])


def test_a_tile_that_is_missing_or_cut_or_changed_is_told(tmp_path):
    files = tiles.grown(0, LEAVES[:300], nothing)
    with pytest.raises(ProofError, match=r"tile/1/000\.p/1: the tile is not there"):
        merkle.root_at(300, tiles.reader(300, nothing))
    files["tile/0/001.p/44"] = files["tile/0/001.p/44"][:-1]
    for path, data in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(data)
    read = tiles.reader(300, tiles.folder(tmp_path))
    with pytest.raises(ProofError, match="expected 44 hashes"):
        read(0, 299)
    with pytest.raises(ValueError, match="no perfect subtree"):
        read(8, 1)


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=256))
def test_bundles_give_their_entries_back(entries):
    assert tiles.entries_of(tiles.bundle(entries), len(entries)) == entries


def test_bundles_that_are_cut_or_too_large_are_refused():
    data = tiles.bundle([b"a" * 32] * 3)
    assert data[:2] == b"\x00\x20"
    for wrong in (data[:-1], data + b"\x00", data + b"\x00\x00"):
        with pytest.raises(ProofError, match="bundle"):
            tiles.entries_of(wrong, 3)
    for entries in ([], [b""] * 257, [b"a" * 65_536]):
        with pytest.raises(ValueError, match="1 to 256"):
            tiles.bundle(entries)
