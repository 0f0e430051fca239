#include "xml/document.h"

#include "base/text.h"

#include <expat.h>
#include <sys/random.h>

#include <atomic>
#include <cstring>
#include <limits>
#include <map>

namespace winrm::xml {
namespace {

// Stands between namespace and local name in what expat hands out. XML 1.0 has no such character, so no name holds it.
constexpr char separator = '\x01';

std::atomic<std::size_t> parses{0};

struct parser_delete
{
    void operator()(XML_Parser p) const noexcept { XML_ParserFree(p); }
};
using parser_ptr = std::unique_ptr<std::remove_pointer_t<XML_Parser>, parser_delete>;

// Making a parser costs as much as reading a short reply with it, so each thread keeps one. Not after a long document:
// its buffers would stay.
constexpr std::size_t longest_kept = 64ul * 1024;
thread_local parser_ptr kept_parser;

/// From one secret per process, so that nobody can choose names that collide in expat's tables; expat itself would ask
/// the kernel before each document.
unsigned long hash_salt()
{
    static const unsigned long salt = [] {
        unsigned long n = 0;
        while (getrandom(&n, sizeof n, 0) != sizeof n || n == 0) {}
        return n;
    }();
    return salt;
}

parser_ptr take_parser()
{
    // The encoding given here wins over the one in the XML declaration.
    parser_ptr p = std::move(kept_parser);
    if (!p || XML_ParserReset(p.get(), "UTF-8") != XML_TRUE) p.reset(XML_ParserCreateNS("UTF-8", separator));
    if (p) XML_SetHashSalt(p.get(), hash_salt());
    return p;
}

struct qualified
{
    base::bytes_view ns, local;
};

/// Most names begin with the same few namespaces: their sizes tell them apart sooner than their bytes.
struct by_size
{
    bool operator()(base::bytes_view a, base::bytes_view b) const noexcept
    {
        return a.size() != b.size() ? a.size() < b.size() : a < b;
    }
};

// Compilers and debuggers read better words than expat's own for the few cases people meet.
std::string describe(XML_Error code, bool begun)
{
    switch (code) {
    case XML_ERROR_NO_ELEMENTS: // also of a document whose elements are not closed
        return begun ? "the XML ends too early" : "there is no XML element";
    case XML_ERROR_UNCLOSED_TOKEN:
    case XML_ERROR_UNCLOSED_CDATA_SECTION:
    case XML_ERROR_PARTIAL_CHAR: return "the XML ends too early";
    case XML_ERROR_TAG_MISMATCH: return "an XML end tag does not match its start tag";
    case XML_ERROR_DUPLICATE_ATTRIBUTE: return "an XML attribute stands twice";
    case XML_ERROR_JUNK_AFTER_DOC_ELEMENT: return "something follows the XML document";
    case XML_ERROR_UNDEFINED_ENTITY: return "an XML entity is not defined";
    case XML_ERROR_UNBOUND_PREFIX: return "an XML prefix is not declared";
    case XML_ERROR_BAD_CHAR_REF: return "an XML character reference names no character";
    case XML_ERROR_INVALID_TOKEN: return "the XML holds a character that must not stand there";
    case XML_ERROR_NO_MEMORY: return "there is no memory for the XML";
    default: return "the XML is not well-formed";
    }
}

} // namespace

struct builder
{
    builder(XML_Parser p, const base::limits& l) : parser(p), limits(l) {}

    void stop(errc code, const char* why)
    {
        if (refusal.empty()) {
            refusal_code = code;
            refusal = why;
        }
        XML_StopParser(parser, XML_FALSE);
    }
    [[nodiscard]] bool stopped() const { return !refusal.empty(); }

    [[nodiscard]] std::pmr::memory_resource* memory() const { return &made.arena_->memory; }

    base::bytes_view keep(base::bytes_view text) const
    {
        if (text.empty()) return {};
        auto* const copy = static_cast<char*>(memory()->allocate(text.size(), 1));
        std::memcpy(copy, text.data(), text.size());
        return {copy, text.size()};
    }

    // expat's "namespace SEP local" or "local" as two views into the arena, one copy per distinct name.
    const qualified* intern(const char* name)
    {
        const base::bytes_view full(name);
        if (full.size() > limits.xml_name) {
            stop(errc::too_large, "an XML name is too long");
            return nullptr;
        }
        if (const auto found = interned.find(full); found != interned.end()) return &found->second;
        const base::bytes_view kept = keep(full);
        const auto cut = kept.find(separator);
        const qualified q =
            cut == base::bytes_view::npos ? qualified{{}, kept} : qualified{kept.substr(0, cut), kept.substr(cut + 1)};
        return &interned.emplace(kept, q).first->second;
    }

    void start(const char* name, const char** attributes)
    {
        if (stopped()) return;
        if (stack.size() >= limits.xml_depth) return stop(errc::too_large, "the XML elements are nested too deeply");
        if (elements >= limits.xml_elements) return stop(errc::too_large, "the XML has too many elements");
        std::size_t count = declared.size();
        for (const char** a = attributes; *a != nullptr; a += 2) ++count;
        if (count > limits.xml_attributes) return stop(errc::too_large, "an XML element has too many attributes");
        const qualified* q = intern(name);
        if (q == nullptr) return;
        ++elements;
        std::pmr::polymorphic_allocator<element> allocator(memory());
        // Never destroyed: all that it holds is the arena's.
        element& e = *::new (static_cast<void*>(allocator.allocate(1))) element(memory());
        e.ns_ = q->ns;
        e.local_ = q->local;
        e.declarations_.assign(declared.begin(), declared.end());
        declared.clear();
        e.attributes_.reserve(count - e.declarations_.size());
        for (const char** a = attributes; *a != nullptr; a += 2) {
            const qualified* an = intern(a[0]);
            if (an == nullptr) return;
            e.attributes_.push_back({an->ns, an->local, keep(a[1])});
        }
        if (!stack.empty()) {
            e.parent_ = stack.back();
            stack.back()->children_.push_back(&e);
        } else {
            made.root_ = &e;
        }
        stack.push_back(&e);
    }

    void end()
    {
        if (!stopped()) stack.pop_back();
    }

    void characters(const char* data, int size)
    {
        if (!stopped() && !stack.empty()) stack.back()->text_.append(data, static_cast<std::size_t>(size));
    }

    void declare(const char* prefix, const char* uri)
    {
        if (stopped()) return;
        if (declared.size() >= limits.xml_attributes)
            return stop(errc::too_large, "an XML element has too many attributes");
        const base::bytes_view name(uri == nullptr ? "" : uri);
        if (name.size() > limits.xml_name) return stop(errc::too_large, "an XML namespace is too long");
        declared.push_back({keep(prefix == nullptr ? "" : prefix), keep(name)});
    }

    XML_Parser parser;
    const base::limits& limits;
    document made;
    std::size_t elements = 0;
    std::pmr::vector<element*> stack{memory()};
    std::pmr::vector<namespace_declaration> declared{memory()}; // waiting for their element
    // Ordered: a peer that knows the hash function cannot slow it down.
    std::pmr::map<base::bytes_view, qualified, by_size> interned{memory()};
    errc refusal_code = errc::protocol;
    std::string refusal;
};

namespace {

builder& self(void* user) noexcept { return *static_cast<builder*>(user); }

// noexcept: an exception (no memory) must not pass through expat's C.
void XMLCALL on_start(void* user, const char* name, const char** attributes) noexcept
{
    self(user).start(name, attributes);
}
void XMLCALL on_end(void* user, const char*) noexcept { self(user).end(); }
void XMLCALL on_text(void* user, const char* data, int size) noexcept { self(user).characters(data, size); }
void XMLCALL on_namespace(void* user, const char* prefix, const char* uri) noexcept { self(user).declare(prefix, uri); }
void XMLCALL on_doctype(void* user, const char*, const char*, const char*, int) noexcept
{
    self(user).stop(errc::protocol, "the XML has a document type declaration");
}
void XMLCALL on_instruction(void* user, const char*, const char*) noexcept
{
    self(user).stop(errc::protocol, "the XML has a processing instruction");
}
void XMLCALL on_entity(void* user, const char*, int, const char*, int, const char*, const char*, const char*,
                       const char*) noexcept
{
    self(user).stop(errc::protocol, "the XML declares an entity");
}

// expat would switch to UTF-16 at its byte-order mark or at a zero byte, whatever encoding it was told.
bool looks_like_utf16(base::bytes_view text)
{
    const base::bytes_view first = text.substr(0, 2);
    return first == "\xFE\xFF" || first == "\xFF\xFE" || first.find('\0') != base::bytes_view::npos;
}

error located(XML_Parser parser, errc code, const std::string& what)
{
    return {code, what + " (line " + std::to_string(XML_GetCurrentLineNumber(parser)) + ", column " +
                      std::to_string(XML_GetCurrentColumnNumber(parser) + 1) + ")"};
}

void install_handlers(XML_Parser p, builder& b)
{
    XML_SetUserData(p, &b);
    XML_SetElementHandler(p, on_start, on_end);
    XML_SetCharacterDataHandler(p, on_text);
    XML_SetStartNamespaceDeclHandler(p, on_namespace);
    XML_SetStartDoctypeDeclHandler(p, on_doctype);
    XML_SetProcessingInstructionHandler(p, on_instruction);
    XML_SetEntityDeclHandler(p, on_entity);
}

} // namespace

result<document> document::parse(base::bytes_view utf8, const base::limits& limits)
{
    parses.fetch_add(1, std::memory_order_relaxed);
    if (utf8.size() > limits.envelope + limits.envelope / 2 ||
        utf8.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
        return error{errc::too_large, "the XML is longer than the envelope may be"};
    }
    if (looks_like_utf16(utf8)) return error{errc::protocol, "the XML is not UTF-8 (line 1, column 1)"};
    parser_ptr parser = take_parser();
    if (!parser) return error{errc::internal, "there is no memory for the XML"};
    builder b(parser.get(), limits);
    install_handlers(parser.get(), b);
    const auto status = XML_Parse(parser.get(), utf8.data(), static_cast<int>(utf8.size()), XML_TRUE);
    if (b.stopped()) return located(parser.get(), b.refusal_code, b.refusal);
    if (status != XML_STATUS_OK)
        return located(parser.get(), errc::protocol, describe(XML_GetErrorCode(parser.get()), b.elements > 0));
    if (utf8.size() <= longest_kept) kept_parser = std::move(parser);
    return std::move(b.made);
}

base::bytes_view element::trimmed() const noexcept { return base::trim(text_); }

const element* element::child(base::bytes_view ns, base::bytes_view local) const noexcept
{
    for (const element* c : children_) {
        if (c->is(ns, local)) return c;
    }
    return nullptr;
}

const base::bytes_view* element::attribute_value(base::bytes_view ns, base::bytes_view local) const noexcept
{
    for (const attribute& a : attributes_) {
        if (a.local == local && a.ns == ns) return &a.value;
    }
    return nullptr;
}

base::bytes_view element::namespace_of_prefix(base::bytes_view prefix) const noexcept
{
    for (const element* e = this; e != nullptr; e = e->parent_) {
        for (const namespace_declaration& d : e->declarations_) {
            if (d.prefix == prefix) return d.uri;
        }
    }
    return {};
}

std::size_t parse_count() noexcept { return parses.load(std::memory_order_relaxed); }

} // namespace winrm::xml
