"""reader_drive.py SOCKET IMAGE: a read-only drive with IMAGE as its disc, to try the ways to a recorder with.

Written from MMC-6 and SPC-3 alone: INQUIRY, TEST UNIT READY, REQUEST SENSE, READ CAPACITY, READ(10), GET CONFIGURATION,
MODE SENSE(10), GET EVENT STATUS NOTIFICATION, READ TOC; everything else is 5/20/00."""
import os
import selectors
import socket
import struct
import sys

IMAGE = open(sys.argv[2], "rb")
BLOCKS = os.fstat(IMAGE.fileno()).st_size // 2048


def refuse(key, asc, ascq):
    return 2, bytes([0x70, 0, key, 0, 0, 0, 0, 10, 0, 0, 0, 0, asc, ascq, 0, 0, 0, 0])


def toc(form, time):
    if form > 1:
        return None
    address = lambda lba: bytes([0, *divmod((lba + 150) // 75, 60), (lba + 150) % 75]) if time else struct.pack(">I", lba)
    if form == 1:
        return struct.pack(">HBB", 10, 1, 1) + bytes([0, 0x14, 1, 0]) + address(0)
    tracks = bytes([0, 0x14, 1, 0]) + address(0) + bytes([0, 0x14, 0xAA, 0]) + address(BLOCKS)
    return struct.pack(">HBB", len(tracks) + 2, 1, 1) + tracks


def answer(cdb):
    op = cdb[0]
    if op in (0x00, 0x1B, 0x1E):
        return b""
    if op == 0x12:
        return bytes([5, 0x80, 5, 2, 31, 0, 0, 0]) + b"TESTKIT READER DRIVE    0001"
    if op == 0x03:
        return refuse(0, 0, 0)[1]
    if op == 0x25:
        return struct.pack(">II", BLOCKS - 1, 2048)
    if op == 0x28:
        first, count = struct.unpack(">I", cdb[2:6])[0], struct.unpack(">H", cdb[7:9])[0]
        if first + count > BLOCKS:
            return None
        IMAGE.seek(first * 2048)
        return IMAGE.read(count * 2048)
    if op == 0x46:
        return struct.pack(">IHH", 4, 0, 8)
    if op == 0x4A:
        return bytes([0, 6, 4, 0x10, 0, 2, 0, 0])
    if op == 0x5A and cdb[2] & 0x3F == 0x2A:
        page = bytes([0x2A, 0x12, 3, 0, 0, 0, 0x29, 0]) + struct.pack(">HHHH", 706, 0, 128, 706) + bytes(4)
        return struct.pack(">HBBBBH", len(page) + 6, 0x70, 0, 0, 0, 0) + page
    if op == 0x43:
        return toc(cdb[2] & 15 or cdb[9] >> 6, cdb[1] & 2)
    return None


listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
# Its name appears when somebody listens.
listener.bind(sys.argv[1] + ".new")
listener.listen(8)
os.rename(sys.argv[1] + ".new", sys.argv[1])
events = selectors.DefaultSelector()
events.register(listener, selectors.EVENT_READ)
while True:
    for key, _ in events.select():
        if key.fileobj is listener:
            events.register(listener.accept()[0], selectors.EVENT_READ)
            continue
        message = key.fileobj.recv(1 << 21)
        if not message:
            events.unregister(key.fileobj)
            key.fileobj.close()
            continue
        tag, _lun = struct.unpack_from("=II", message)
        room = struct.unpack_from("=I", message, 28)[0]
        data = answer(message[8:24])
        status, data = refuse(5, 0x20, 0) if data is None else (0, data[:room])
        key.fileobj.send(struct.pack("=III", tag, status, len(data)) + data)
