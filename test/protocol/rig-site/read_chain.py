"""Prints what pysunspec2 finds on a unit: {model: {point: value}} as JSON. Usage: read_chain.py PATH UNIT"""
import json
import sys

import sunspec2.modbus.client as client

device = client.SunSpecModbusClientDeviceRTU(slave_id=int(sys.argv[2]), name=sys.argv[1], baudrate=9600, timeout=2)
device.scan()
found = {}
for model in device.model_list:
    found[str(model.model_id)] = {name: point.cvalue for name, point in model.points.items()}
device.close()
json.dump(found, sys.stdout)
