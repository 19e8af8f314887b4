"""Prints the models of a unit with all their groups, as pysunspec2 decodes them. Usage: read_curves.py PATH UNIT MODEL..."""
import json
import sys

import sunspec2.modbus.client as client

path, unit, *wanted = sys.argv[1:]
device = client.SunSpecModbusClientDeviceRTU(slave_id=int(unit), name=path, baudrate=9600, timeout=2)
device.scan()


def read(group):
    found = {name: point.cvalue for name, point in group.points.items()}
    for name, member in group.groups.items():
        found[name] = [read(one) for one in member] if isinstance(member, list) else read(member)
    return found


found = {str(model.model_id): read(model) for model in device.model_list if str(model.model_id) in wanted}
device.close()
json.dump(found, sys.stdout)
