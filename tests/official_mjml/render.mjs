// Renders MJML with the official engine: {name: source} as JSON on stdin, {name: {html, errors}} on stdout.
import mjml2html from "mjml";
import { readFileSync } from "node:fs";

const sources = JSON.parse(readFileSync(0, "utf8"));
const rendered = {};
for (const [name, source] of Object.entries(sources)) {
  // No fonts: they would come from a font host. Comments are kept, for ours are conditions on the recipient.
  const { html, errors } = await mjml2html(source, { validationLevel: "soft", keepComments: true, fonts: {} });
  rendered[name] = { html, errors: errors.map((error) => error.formattedMessage) };
}
process.stdout.write(JSON.stringify(rendered));
