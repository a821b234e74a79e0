/** How every template is compiled, ahead of time or when it is used: an unknown name is an error, nothing is escaped. */
export const TEMPLATE_OPTIONS = { noEscape: true, strict: true, preventIndent: true };
