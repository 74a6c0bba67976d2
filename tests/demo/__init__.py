"""The demo's servers, tried with ordinary clients: smtplib, requests and a browser."""
