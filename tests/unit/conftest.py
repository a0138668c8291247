"""What the tests of the flow, the command line and the audit share."""

from audit_client import reports as reports
from flow_run import client as client
