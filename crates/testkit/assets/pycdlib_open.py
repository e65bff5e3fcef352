"""Opens each image with pycdlib's strict parser, walks every tree it finds, and prints one line a tree."""
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
        for _, below, inside in image.walk(**{keyword: "/"}):
            folders += len(below)
            files += len(inside)
        print(f"{name} {folders} {files}")
    image.close()
