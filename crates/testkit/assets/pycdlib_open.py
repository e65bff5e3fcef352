"""Opens each image with pycdlib's strict parser, walks every tree it finds, and prints one line a tree: its name, and how
many directories and files it has. A tree that its own walk cannot name is left out."""
import sys
import pycdlib

for path in sys.argv[1:]:
    image = pycdlib.PyCdlib()
    image.open(path)
    trees = {"iso": "iso_path"}
    if image.has_joliet():
        trees["joliet"] = "joliet_path"
    if image.has_rock_ridge():
        trees["rock-ridge"] = "rr_path"
    if image.has_udf():
        trees["udf"] = "udf_path"
    for name, keyword in trees.items():
        folders = files = 0
        try:
            for _, below, inside in image.walk(**{keyword: "/"}):
                folders += len(below)
                files += len(inside)
        except (UnicodeDecodeError, pycdlib.pycdlibexception.PyCdlibInvalidInput):
            # Opening was the test. The walk does not know that Rock Ridge names may be any bytes, and does not find
            # UDF names of 8 and 16 bits in one directory.
            continue
        print(f"{name} {folders} {files}")
    image.close()
