// What every envelope of ours begins with. Inside wsman only.
#pragma once

#include "base/bytes.h"
#include "xml/writer.h"

namespace winrm::wsman {

/// Opens s:Envelope with the prefixes that Windows declares for such an action; the others are declared where they
/// stand. Clients that match on prefixes exist, so declarations stand here even if a message does without.
void open_envelope(xml::writer& w, base::bytes_view action, bool with_language);
/// <qname s:mustUnderstand="true">value</qname>
void must_understand_leaf(xml::writer& w, base::bytes_view qname, base::bytes_view value);
/// xmlns attribute of a table prefix on the element just opened.
void declare(xml::writer& w, base::bytes_view prefix);

} // namespace winrm::wsman
