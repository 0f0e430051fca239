// A whole XML document as a tree, read by expat under our bounds. Namespace-true: prefixes are gone after parsing.
#pragma once

#include "base/bytes.h"
#include "base/limits.h"

#include <winrm/result.h>

#include <memory>
#include <memory_resource>
#include <string>
#include <vector>

namespace winrm::xml {

struct attribute
{
    base::bytes_view ns; ///< empty = no namespace
    base::bytes_view local, value;
};

/// xmlns:prefix="uri" as it stood on an element; prefix "" = the default namespace, uri "" = taken back.
struct namespace_declaration
{
    base::bytes_view prefix, uri;
};

/// Views returned live as long as the document.
class element
{
public:
    explicit element(std::pmr::memory_resource* arena)
        : text_(arena), attributes_(arena), children_(arena), declarations_(arena)
    {}
    [[nodiscard]] base::bytes_view ns() const noexcept { return ns_; }
    [[nodiscard]] base::bytes_view local() const noexcept { return local_; }
    [[nodiscard]] bool is(base::bytes_view ns, base::bytes_view local) const noexcept
    {
        return local_ == local && ns_ == ns;
    }
    /// This element's own character data, all pieces joined, white space kept.
    [[nodiscard]] base::bytes_view text() const noexcept { return text_; }
    /// text() without white space at both ends.
    [[nodiscard]] base::bytes_view trimmed() const noexcept;
    [[nodiscard]] const std::pmr::vector<attribute>& attributes() const noexcept { return attributes_; }
    [[nodiscard]] const std::pmr::vector<const element*>& children() const noexcept { return children_; }

    /// First child of that name, nullptr if none.
    [[nodiscard]] const element* child(base::bytes_view ns, base::bytes_view local) const noexcept;
    /// Value of the attribute, nullptr if absent. ns "" = unqualified.
    [[nodiscard]] const base::bytes_view* attribute_value(base::bytes_view ns, base::bytes_view local) const noexcept;
    /// Namespace bound to `prefix` here, for QNames in text (s:Value, xsi:type); "" if none is.
    [[nodiscard]] base::bytes_view namespace_of_prefix(base::bytes_view prefix) const noexcept;

private:
    friend class document;
    friend struct builder;
    base::bytes_view ns_, local_;
    std::pmr::string text_;
    std::pmr::vector<attribute> attributes_;
    std::pmr::vector<const element*> children_;
    std::pmr::vector<namespace_declaration> declarations_;
    const element* parent_ = nullptr;
};

class document
{
public:
    /// Parses a complete UTF-8 document (an encoding named in its declaration is ignored: soap/charset.h has settled
    /// it).
    /// @errors protocol: not well-formed, any DOCTYPE, processing instruction, undeclared prefix; too_large: a bound of
    ///         `limits` (depth, attributes, elements, name length) or more than 1.5 times limits.envelope (what an
    ///         envelope that came as UTF-16 can grow to). The message names line and column, never content.
    [[nodiscard]] static result<document> parse(base::bytes_view utf8, const base::limits& limits);

    [[nodiscard]] const element& root() const noexcept { return *root_; }

    document(document&&) = default;
    document& operator=(document&&) = default;

private:
    friend struct builder;
    document() : arena_(std::make_unique<arena>()) {}

    /// Holds every element, name and text of one document: they live and end together, so nothing is freed one by one.
    /// The first bytes are enough for the replies that carry no output.
    struct arena
    {
        std::byte first[6 * 1024];
        std::pmr::monotonic_buffer_resource memory{first, sizeof first};
    };
    std::unique_ptr<arena> arena_;
    const element* root_ = nullptr;
};

/// Times document::parse was entered in this process. A service's test shows with it that nobody parses before login.
[[nodiscard]] std::size_t parse_count() noexcept;

} // namespace winrm::xml
