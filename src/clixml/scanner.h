// XML as CLIXML uses it, cut into tags and text without copying: no DOCTYPE, no processing instructions, no entities
// but XML's own five. Expat alone takes longer than our whole reader takes on this scanner; a test and the fuzz target
// hold it against expat.
#pragma once

#include "base/bytes.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace winrm::clixml {

struct raw_attribute
{
    base::bytes_view name;
    base::bytes_view value;  ///< as written: references not replaced
    bool markup = false;     ///< it holds '&' or white space other than blanks
    bool underscore = false; ///< it holds '_': perhaps _xHHHH_
};

class scanner
{
public:
    enum class token : std::uint8_t {
        start,     ///< <a …>
        empty,     ///< <a …/>: no end follows
        end,       ///< </a>
        text,      ///< character data up to the next markup, or a CDATA section's
        need_more, ///< the buffer ends inside a token
        finished,  ///< after last(): the buffer is used up
        bad        ///< why() says it
    };
    /// What text holds that must be replaced before it is text.
    struct text_marks
    {
        bool markup = false;     ///< '&' or a carriage return
        bool underscore = false; ///< '_': perhaps _xHHHH_
        bool cdata = false;      ///< from a CDATA section: no '&' is markup in it
    };

    /// The rest of what was not yet used, with more behind it. Views given out before are void.
    void rebase(base::bytes_view unread) noexcept
    {
        begin_ = unread.data();
        at_ = begin_;
        end_ = begin_ + unread.size();
    }
    void last() noexcept { last_ = true; }
    /// Only between documents: white space, byte-order marks, `<?xml …?>` and lines `#< CLIXML` are passed over.
    /// After such a line other programs may have written, too: text() is then a line of theirs.
    /// @return start = a tag may begin here; text, need_more, finished, bad.
    [[nodiscard]] token skip_prologue() noexcept;
    [[nodiscard]] token next() noexcept;
    /// White space before a tag, where it means nothing.
    void skip_white_space() noexcept;
    /// Right after a start tag: text alone and its end tag follow. Then they are used up, and text() is theirs.
    [[nodiscard]] bool take_leaf() noexcept;

    [[nodiscard]] base::bytes_view name() const noexcept { return name_; }
    /// A colon stands in the name of the start tag.
    [[nodiscard]] bool has_prefix() const noexcept { return prefixed_; }
    [[nodiscard]] const std::vector<raw_attribute>& attributes() const noexcept { return attributes_; }
    [[nodiscard]] base::bytes_view text() const noexcept { return text_; }
    [[nodiscard]] text_marks marks() const noexcept { return marks_; }
    /// The token as it stands in the XML.
    [[nodiscard]] base::bytes_view raw() const noexcept { return {token_, static_cast<std::size_t>(at_ - token_)}; }
    [[nodiscard]] const char* why() const noexcept { return why_; }
    /// Octets from what rebase() was given to the end of the last token, or to the fault.
    [[nodiscard]] std::size_t used() const noexcept { return static_cast<std::size_t>(at_ - begin_); }
    [[nodiscard]] base::bytes_view unread() const noexcept { return {at_, static_cast<std::size_t>(end_ - at_)}; }

private:
    token fail(const char* where, const char* why) noexcept;
    token more(const char* why) noexcept;
    token tag() noexcept;
    token end_tag() noexcept;
    token comment() noexcept;
    token cdata() noexcept;
    token character_data() noexcept;
    [[nodiscard]] token declaration() noexcept;
    [[nodiscard]] token foreign_line() noexcept;
    [[nodiscard]] const char* attribute(const char* p) noexcept;

    const char *begin_ = nullptr, *at_ = nullptr, *end_ = nullptr, *token_ = nullptr;
    base::bytes_view name_, text_;
    std::vector<raw_attribute> attributes_;
    text_marks marks_;
    const char* why_ = "";
    std::size_t scanned_ = 0; ///< octets of a text that is not complete which are known to be good
    text_marks scanned_marks_;
    bool last_ = false, prefixed_ = false;
    bool noise_ = false; ///< a line `#< CLIXML` has been
    bool retry_ = false; ///< attribute() met the end of the buffer
};

} // namespace winrm::clixml
