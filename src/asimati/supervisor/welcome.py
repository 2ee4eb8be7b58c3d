"""What is said when the house is ready, in both languages."""

from __future__ import annotations

import json
from collections.abc import Iterator

from asimati.supervisor.plan import Plan


def welcome(plan: Plan, seeded: str, seconds: float) -> str:
    """The lines a newcomer needs: where to look, how to sign in, where things are, how to stop."""
    return "\n".join(["", *_lines(plan, seeded, seconds), ""])


def _lines(plan: Plan, seeded: str, seconds: float) -> Iterator[str]:
    yield f"Ready in {seconds:.1f} s · المنصة جاهزة"
    if plan.webs:
        yield f"  API · واجهة البرمجة            {plan.address}/api/docs"
        yield f"  Staff pages · صفحات الموظفين     {plan.address}/console/"
        yield f"  Health · حالة النظام           {plan.address}/readyz"
    if plan.webs and plan.profile != "production":
        yield f"  Mailbox · صندوق الرسائل         {plan.address}/dev/mailbox"
        yield "  A resident signs in with any Bahraini mobile number (+973 3xxx xxxx); the code is in the mailbox."
        yield "  يدخل المقيم بأي رقم هاتف نقال بحريني، ويظهر رمز التحقق في صندوق الرسائل."
    if plan.vouching:
        yield f"  Sign-on to try · تجربة الدخول  {plan.vouching}   (maryam, ali, the staff by e-mail; no password)"
    yield from _staff(seeded)
    yield f"  Data and logs · البيانات والسجلات   {plan.home}"
    yield "  Stop · للإيقاف   Ctrl-C         Demo · عرض تجريبي   make demo   (second terminal)"


def _staff(seeded: str) -> Iterator[str]:
    """The seeded staff, as `asimati seed` reported them in its last line."""
    try:
        said = json.loads(seeded)
        people, password = said["staff"], said["password"]
    except (ValueError, KeyError, TypeError):
        return
    yield f"  Staff · الموظفون   password · كلمة المرور:  {password}"
    for person in people:
        yield f"    {person['email']:<30} {', '.join(person['roles'])}"
