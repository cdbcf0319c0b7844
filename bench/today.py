"""A typical script: five threads, response.json(), a list, a DataFrame, to_parquet.

Usage: today.py URL TOKEN START END PAGES FILE
"""

import sys
from concurrent.futures import ThreadPoolExecutor

import pandas
import requests

url, token, start, end, pages, file = sys.argv[1:]


def page(number):
    response = requests.get(
        url,
        params={"start_time": start, "end_time": end, "status": "all", "page_size": 500, "page_number": number},
        headers={"Authorization": f"Bearer {token}"},
        timeout=60,
    )
    response.raise_for_status()
    return response.json()["messages"]


def is_closed(message):
    alerts = message.get("alerts")
    if not str(message.get("message_id")).isprintable():
        return False  # pyarrow would reject the whole table
    return isinstance(alerts, list) and len(alerts) > 0 and all(alert.get("status") == "closed" for alert in alerts)


messages = []
with ThreadPoolExecutor(max_workers=5) as pool:
    for found in pool.map(page, range(1, int(pages) + 1)):
        messages.extend(message for message in found if is_closed(message))

frame = pandas.DataFrame(messages)
for column in frame.columns:
    if frame[column].map(type).nunique() > 1:
        frame[column] = frame[column].astype(str)
frame.to_parquet(file, compression="snappy")
print(len(frame))
