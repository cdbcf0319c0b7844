"""Serves moto on 127.0.0.1, on the port given, one request at a time.

moto's own server handles requests side by side without isolation: of two conditional writes both can win, which DynamoDB
never lets happen.
"""

import os
import sys
import threading

port = int(sys.argv[1])
os.environ["MOTO_PORT"] = str(port)

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app  # noqa: E402
from werkzeug.serving import run_simple  # noqa: E402

application = DomainDispatcherApplication(create_backend_app)
turn = threading.Lock()


def one_at_a_time(environ, start_response):
    with turn:
        return application(environ, start_response)


run_simple("127.0.0.1", port, one_at_a_time, threaded=True)
