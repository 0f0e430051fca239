#include "xml/characters.h"

#include "base/utf8_step.h"

namespace winrm::xml {

bool is_xml_text(base::bytes_view text) noexcept
{
    const char* p = text.data();
    const char* const end = p + text.size();
    while (p != end) {
        const base::utf8_step step = base::decode_utf8(p, end);
        if (step.size == 0 || !is_xml_character(step.code_point)) return false;
        p += step.size;
    }
    return true;
}

} // namespace winrm::xml
