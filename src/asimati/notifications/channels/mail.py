"""A letter as a mail: a text part, and an HTML part that reads well in a mail client, right to left in Arabic.

Mail clients know little CSS: tables for the layout, styles in the tags, nothing fetched from anywhere.
"""

from __future__ import annotations

from email import policy
from email.message import EmailMessage
from email.utils import formatdate, parseaddr
from html import escape

from asimati.kit.text import say
from asimati.kit.words import _, translate
from asimati.notifications.channels import Letter
from asimati.settings import settings

FOOTER = _("You receive this because you use the governorate's services.")
UNSUBSCRIBE = _("No more mails like this")
PAGE = """<!doctype html>
<html lang="{language}" dir="{direction}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>{subject}</title></head>
<body dir="{direction}" style="margin:0;background:#f3f4f6">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="background:#f3f4f6"><tr>
<td align="center" style="padding:24px 12px">
<table role="presentation" dir="{direction}" cellpadding="0" cellspacing="0" style="width:100%;max-width:560px;\
background:#ffffff;border-radius:8px;font-family:'Segoe UI',Tahoma,Arial,sans-serif;color:#1f2937;\
text-align:{start}">
<tr><td style="padding:16px 24px;border-bottom:3px solid #7a1f2b;font-size:15px;color:#7a1f2b">{house}</td></tr>
<tr><td style="padding:24px 24px 8px;font-size:20px;line-height:1.5"><strong>{subject}</strong></td></tr>
<tr><td style="padding:0 24px 24px;font-size:16px;line-height:1.8">{body}</td></tr>
<tr><td style="padding:16px 24px;font-size:13px;line-height:1.6;color:#6b7280;border-top:1px solid #e5e7eb">\
{footer}{unsubscribe}</td></tr>
</table></td></tr></table></body></html>"""


def written(letter: Letter) -> EmailMessage:
    """The letter as a mail. Its Message-ID is the same at every attempt: mailboxes can tell a repetition.

    Raises ValueError for an address that would add headers.
    """
    config = settings().providers
    domain = parseaddr(config.mail_from)[1].partition("@")[2] or "localhost"
    mail = EmailMessage(policy=policy.SMTP)
    mail["From"], mail["To"], mail["Subject"] = config.mail_from, letter.to, " ".join(letter.subject.split())
    mail["Message-ID"] = f"<{letter.reference}@{domain}>"
    mail["Date"] = formatdate()
    mail["Auto-Submitted"] = "auto-generated"
    if letter.unsubscribe:  # RFC 2369 and, for one click, RFC 8058
        mail["List-Unsubscribe"] = f"<{letter.unsubscribe}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail.set_content(letter.text)
    mail.add_alternative(page(letter), subtype="html")
    mail["Content-Language"] = letter.language
    return mail


def page(letter: Letter) -> str:
    """The HTML part."""
    arabic = letter.language != "en"
    link = ""
    if letter.unsubscribe:
        words = escape(translate(UNSUBSCRIBE, letter.language))
        link = f' <a href="{escape(letter.unsubscribe)}" style="color:#6b7280">{words}</a>'
    paragraphs = (escape(part).replace("\n", "<br>") for part in letter.text.strip().split("\n\n"))
    return PAGE.format(
        language="ar" if arabic else "en",
        direction="rtl" if arabic else "ltr",
        start="right" if arabic else "left",
        house=escape(say(settings().governorate.facts["name"], letter.language)),
        subject=escape(letter.subject),
        body="".join(f'<p style="margin:0 0 12px">{one}</p>' for one in paragraphs),
        footer=escape(translate(FOOTER, letter.language)),
        unsubscribe=link,
    )
