"""Shapes of notices in the API."""

from __future__ import annotations

from asimati.http.fields import UUID, Boolean, DateTime, Integer, List, Nested, Schema, String, Text
from asimati.http.pages import PageQuery


class AboutOut(Schema):
    type = String()
    reference = String()


class NotificationOut(Schema):
    id = UUID(required=True)
    topic = String(required=True)
    title = Text(required=True)
    text = Text(required=True)
    about = Nested(AboutOut, allow_none=True)
    created_at = DateTime(required=True)
    read_at = DateTime(required=True, allow_none=True)


class ToldAboutOut(Schema):
    topic = String(required=True, metadata={"description": "As in the `topics` of your preferences"})
    room = String(required=True, metadata={"description": "Stands for all its topics there"})
    critical = Boolean(required=True, metadata={"description": "Told at any hour, whatever you chose"})
    channels = List(String(), required=True, metadata={"description": "By which it can be told"})
    chosen = List(String(), required=True, metadata={"description": "By which you are told as you chose"})
    example = Text(required=True)


class InboxQuery(PageQuery):
    unread = Boolean(load_default=False, metadata={"description": "Only what was not read yet"})


class ReadAllOut(Schema):
    read = Integer(required=True, metadata={"description": "How many were not read before"})


class MailOut(Schema):
    to = String(required=True)
    channel = String(required=True)
    subject = String(required=True)
    text = String(required=True)
    at = DateTime(required=True)


class MailboxQuery(PageQuery):
    to = String(max_length=200, metadata={"description": "A phone number or an e-mail address"})
