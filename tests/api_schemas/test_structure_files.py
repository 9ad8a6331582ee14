"""Structure files that a problem names: each becomes its text, or is refused at its field with what to do."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import zipfile
from pathlib import Path

import pytest

from api_schemas.errors import ProblemInvalid, parse
from api_schemas.problem import Problem
from api_schemas.structure_files import with_texts
from api_schemas.structures import MAX_STRUCTURE_TEXT

CIF = "data_a\n_author 'Ångström'\n_cell_length_a 4\n"


def text_of(folder, path):
    return with_texts({"structure": {"cif_file": path}}, folder)["structure"]["cif"]


def refused(folder, path):
    with pytest.raises(ProblemInvalid) as refusal:
        text_of(folder, path)
    assert [fault.pointer for fault in refusal.value.errors] == ["/structure/cif_file"]
    refusal.value.errors[0].message.encode("utf-8")  # what is shown can be printed and sent
    return refusal.value.errors[0].message


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_the_encodings_of_files_are_understood(tmp_path, encoding):
    (tmp_path / "a.cif").write_bytes(CIF.encode(encoding))
    assert text_of(tmp_path, "a.cif") == CIF


@pytest.mark.parametrize(
    ("path", "mend"),
    [
        ("no.cif", "no.cif cannot be read: No such file or directory; check the path"),
        (".", "cannot be read: Is a directory; check the path"),
        ("", "the path is empty; name a file"), ("  ", "the path is empty; name a file"),
        ("~nosuchuser/a.cif", "is no path of a file on this machine; check the path"),
        ("a\0b", "a\\x00b is no path of a file on this machine; check the path"),
        ("a\ud800b", "a\\ud800b is no path of a file on this machine; check the path"),
        ("x" * 5000, "cannot be read: File name too long; check the path"),
        ("https://example.org/a.cif", "an address, which is not fetched; save the file and give its path"),
    ],
)  # fmt: skip
def test_a_path_that_names_no_file_is_refused(tmp_path, path, mend):
    assert refused(tmp_path, path).endswith(mend)


@pytest.mark.parametrize("packed", [gzip.compress, bz2.compress, lzma.compress])
def test_a_compressed_file_is_to_be_unpacked(tmp_path, packed):
    (tmp_path / "a.cif").write_bytes(packed(CIF.encode()))
    assert "is compressed; unpack it" in refused(tmp_path, "a.cif")


def test_an_archive_is_to_be_unpacked(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.cif", "w") as archive:
        archive.writestr("b.cif", CIF)
    assert "is compressed; unpack it" in refused(tmp_path, "a.cif")


@pytest.mark.parametrize(
    ("content", "mend"),
    [
        (b"", "is empty; give a file with a structure"), (b" \n\n", "is empty"),
        (bytes(range(256)), "is no text file; give a CIF or POSCAR saved as UTF-8"),
        (b"\xff\xfe\x00", "is no text file"), (CIF.encode("utf-16-le"), "is no text file"),
        (b"x" * (MAX_STRUCTURE_TEXT + 1), "is larger than 1 MB; give one structure"),
    ],
)  # fmt: skip
def test_a_file_that_holds_no_structure_is_refused(tmp_path, content, mend):
    (tmp_path / "a.cif").write_bytes(content)
    assert mend in refused(tmp_path, "a.cif")


def test_a_path_may_be_an_object(tmp_path):
    class Named(os.PathLike):
        def __fspath__(self):
            return "a.cif"

    (tmp_path / "a.cif").write_text(CIF, encoding="utf-8")
    for path in (Path("a.cif"), Named(), tmp_path / "a.cif"):
        assert text_of(tmp_path, path) == CIF
    problem = parse(Problem, {"kind": "evaluate", "structure": {"cif_file": Path("a.cif")}})
    assert problem.structure.cif_file == "a.cif"


def test_a_path_beside_a_text_is_left_to_be_refused(tmp_path):
    document = {"structure": {"cif_file": "a.cif", "cif": CIF}}
    assert with_texts(document, tmp_path) == document
