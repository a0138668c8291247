"""What the tests of the flow and of the command line share."""

from flow_run import client as client
