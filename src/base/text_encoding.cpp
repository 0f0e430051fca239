#include "base/text_encoding.h"

namespace winrm::base {
namespace {

using namespace std::string_view_literals;

struct mark_row
{
    bytes_view mark, what;
};
constexpr bytes_view utf16 = "UTF-16 text, as Windows PowerShell's > and Notepad's \"Unicode\" write it: save it as "
                             "UTF-8, or convert it with iconv -f UTF-16 -t UTF-8";
constexpr bytes_view utf32 = "UTF-32 text: save it as UTF-8, or convert it with iconv -f UTF-32 -t UTF-8";
constexpr mark_row marks[] = {
    {"\xFF\xFE\0\0"sv, utf32}, // before UTF-16's, which begins it
    {"\0\0\xFE\xFF"sv, utf32},
    {"\xFF\xFE"sv, utf16},
    {"\xFE\xFF"sv, utf16},
};

} // namespace

bytes_view without_mark(bytes_view text) noexcept
{
    if (text.starts_with(utf8_mark)) text.remove_prefix(utf8_mark.size());
    return text;
}

bytes_view foreign_encoding(bytes_view begin) noexcept
{
    for (const auto& row : marks) {
        if (begin.starts_with(row.mark)) return row.what;
    }
    // Without a mark: no text in UTF-8 has a NUL, and the first letter of text in UTF-16 is nearly always ASCII.
    if (begin.size() > 1 && begin[0] != '\0' && begin[1] == '\0')
        return "UTF-16 text without byte-order mark: save it as UTF-8, or convert it with iconv -f UTF-16LE -t UTF-8";
    if (begin.size() > 1 && begin[0] == '\0' && begin[1] != '\0')
        return "UTF-16 text without byte-order mark: save it as UTF-8, or convert it with iconv -f UTF-16BE -t UTF-8";
    return {};
}

} // namespace winrm::base
