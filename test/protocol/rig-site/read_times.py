"""Prints how long reads take through pysunspec2's RTU client, milliseconds. Usage: read_times.py PATH UNIT COUNT REPEATS"""
import json
import sys
import time

from sunspec2.modbus.modbus import modbus_rtu_client

path, unit, count, repeats = sys.argv[1], *map(int, sys.argv[2:])
line = modbus_rtu_client(path, 9600, "N", timeout=2)
times = []
for _ in range(repeats):
    began = time.monotonic()
    line.read(unit, 40070, count)
    times.append((time.monotonic() - began) * 1000)
    time.sleep(0.01)
json.dump(times, sys.stdout)
