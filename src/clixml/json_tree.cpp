#include "clixml/json_tree.h"

#include "base/utf8_step.h"
#include "clixml/escape.h"

#include <array>

namespace winrm::clixml {
namespace {

class parser
{
public:
    parser(base::bytes_view json, const limits& bounds) : json_(json), bounds_(bounds) {}

    result<json_node> whole()
    {
        json_node root;
        if (json_.size() > bounds_.bytes) return error{errc::too_large, "the JSON is too long"};
        if (read(root, 0)) {
            space();
            if (at_ != json_.size()) fail("something follows the JSON value");
        }
        if (why_ == nullptr) return root;
        return located(json_, at_, code_, why_);
    }

private:
    bool fail(const char* why, errc code = errc::protocol)
    {
        if (why_ == nullptr) {
            why_ = why;
            code_ = code;
        }
        return false;
    }
    void space()
    {
        const auto next = json_.find_first_not_of(" \t\r\n", at_);
        at_ = next == base::bytes_view::npos ? json_.size() : next;
    }
    [[nodiscard]] bool at(char c) const { return at_ < json_.size() && json_[at_] == c; }
    bool take(char c)
    {
        if (!at(c)) return false;
        ++at_;
        return true;
    }

    bool read(json_node& n, std::size_t depth)
    {
        space();
        if (depth > bounds_.depth) return fail("the JSON is nested too deeply", errc::too_large);
        if (++count_ > bounds_.values) return fail("the JSON has too many values", errc::too_large);
        if (at_ == json_.size()) return fail("the JSON ends too early");
        n.at = at_;
        switch (json_[at_]) {
        case '{': return read_object(n, depth);
        case '[': return read_array(n, depth);
        case '"': n.is = json_node::type::string; return read_string(n.text);
        case 't': return word(n, json_node::type::boolean, "true");
        case 'f': return word(n, json_node::type::boolean, "false");
        case 'n': return word(n, json_node::type::null, "null");
        default: return read_number(n);
        }
    }

    bool word(json_node& n, json_node::type is, base::bytes_view spelling)
    {
        if (json_.substr(at_, spelling.size()) != spelling) return fail("this is not JSON");
        at_ += spelling.size();
        n.is = is;
        n.text = spelling;
        return true;
    }

    bool read_object(json_node& n, std::size_t depth)
    {
        n.is = json_node::type::object;
        ++at_;
        space();
        if (take('}')) return true;
        for (;;) {
            space();
            if (!at('"')) return fail("the name of a JSON member is missing");
            if (!read_string(n.names.emplace_back())) return false;
            space();
            if (!take(':')) return fail("a ':' is missing in the JSON");
            if (!read(n.items.emplace_back(), depth + 1)) return false;
            space();
            if (take('}')) return true;
            if (!take(','))
                return fail(at_ == json_.size() ? "the JSON ends too early" : "a ',' or '}' is missing in the JSON");
        }
    }

    bool read_array(json_node& n, std::size_t depth)
    {
        n.is = json_node::type::array;
        ++at_;
        space();
        if (take(']')) return true;
        for (;;) {
            if (!read(n.items.emplace_back(), depth + 1)) return false;
            space();
            if (take(']')) return true;
            if (!take(','))
                return fail(at_ == json_.size() ? "the JSON ends too early" : "a ',' or ']' is missing in the JSON");
        }
    }

    std::size_t digits()
    {
        std::size_t n = 0;
        for (; at_ < json_.size() && json_[at_] >= '0' && json_[at_] <= '9'; ++at_) ++n;
        return n;
    }
    bool read_number(json_node& n)
    {
        const std::size_t begin = at_;
        take('-');
        const bool zero = at('0');
        const std::size_t whole = digits();
        bool good = whole != 0 && !(zero && whole > 1);
        if (good && take('.')) good = digits() != 0;
        if (good && (take('e') || take('E'))) {
            if (!take('+')) take('-');
            good = digits() != 0;
        }
        n.is = json_node::type::number;
        n.text = json_.substr(begin, at_ - begin);
        return good || fail("this is not JSON");
    }

    int unit()
    {
        int n = 0;
        for (int i = 0; i < 4; ++i, ++at_) {
            const char c = at_ < json_.size() ? json_[at_] : '\0';
            const int d = c >= '0' && c <= '9'   ? c - '0'
                          : c >= 'a' && c <= 'f' ? c - 'a' + 10
                          : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                                 : -1;
            if (d < 0) return -1;
            n = n * 16 + d;
        }
        return n;
    }
    bool escape(std::string& out)
    {
        static constexpr base::bytes_view letters = "\"\\/bfnrt", meanings = "\"\\/\b\f\n\r\t";
        const char c = at_ < json_.size() ? json_[at_++] : '\0';
        if (const auto i = letters.find(c); c != '\0' && i != base::bytes_view::npos) {
            out += meanings[i];
            return true;
        }
        const int first = c == 'u' ? unit() : -1;
        if (first < 0) return fail("a JSON escape is none");
        if (first >= 0xD800 && first <= 0xDBFF && json_.substr(at_, 2) == "\\u") {
            const std::size_t back = at_;
            at_ += 2;
            const int second = unit();
            if (second >= 0xDC00 && second <= 0xDFFF) {
                append_utf8(static_cast<char32_t>(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00)), out);
                return true;
            }
            at_ = back; // alone; what follows is read for itself
        }
        append_utf8(static_cast<char32_t>(first), out);
        return true;
    }
    bool read_string(std::string& out)
    {
        ++at_;
        while (at_ < json_.size()) {
            const auto c = static_cast<unsigned char>(json_[at_]);
            if (c == '"') {
                ++at_;
                return true;
            }
            if (c == '\\') {
                ++at_;
                if (!escape(out)) return false;
            } else if (c < 0x20) {
                return fail("a control character stands in a JSON string");
            } else {
                const base::utf8_step step = base::decode_utf8(json_.data() + at_, json_.data() + json_.size());
                if (step.size == 0) return fail("the JSON is not UTF-8");
                out.append(json_.substr(at_, step.size));
                at_ += step.size;
            }
        }
        return fail("the JSON ends too early");
    }

    base::bytes_view json_;
    limits bounds_;
    std::size_t at_ = 0, count_ = 0;
    const char* why_ = nullptr;
    errc code_ = errc::protocol;
};

constexpr auto plain = [] {
    std::array<bool, 256> t{};
    for (unsigned c = 0x20; c < 0x7F; ++c) t[c] = c != '"' && c != '\\';
    return t;
}();

void append_unit(unsigned unit, std::string& out)
{
    static constexpr char digits[] = "0123456789abcdef";
    const char piece[] = {
        '\\', 'u', digits[unit >> 12U & 15U], digits[unit >> 8U & 15U], digits[unit >> 4U & 15U], digits[unit & 15U]};
    out.append(piece, sizeof piece);
}

} // namespace

const json_node* json_node::find(base::bytes_view name) const noexcept
{
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (names[i] == name) return &items[i];
    }
    return nullptr;
}

error located(base::bytes_view json, std::size_t at, errc code, const char* why)
{
    std::size_t line = 1, column = 1;
    for (const char c : json.substr(0, at)) {
        if (c == '\n') {
            ++line;
            column = 1;
        } else if ((static_cast<unsigned char>(c) & 0xC0U) != 0x80U) {
            ++column;
        }
    }
    return {code, std::string(why) + " (line " + std::to_string(line) + ", column " + std::to_string(column) + ")"};
}

result<json_node> parse_json(base::bytes_view json, const limits& bounds) { return parser(json, bounds).whole(); }

void append_json_string(base::bytes_view text, std::string& out)
{
    out += '"';
    const char* p = text.data();
    const char* const end = p + text.size();
    while (p != end) {
        const char* run = p;
        while (run != end && plain[static_cast<unsigned char>(*run)]) ++run;
        out.append(p, static_cast<std::size_t>(run - p));
        p = run;
        if (p == end) break;
        const auto c = static_cast<unsigned char>(*p);
        if (c >= 0x80) {
            const base::utf8_step step = base::decode_utf8(p, end);
            if (step.size != 0) out.append(p, step.size);
            else if (c == 0xED && end - p >= 3) {
                append_unit(0xD000U | (static_cast<unsigned char>(p[1]) & 0x3FU) << 6U |
                                (static_cast<unsigned char>(p[2]) & 0x3FU),
                            out);
                p += 2;
            } else {
                out += '?';
            }
            p += step.size == 0 ? 1 : step.size;
            continue;
        }
        ++p;
        switch (c) {
        case '"': out += "\\\""; break;
        case '\\': out += "\\\\"; break;
        case '\n': out += "\\n"; break;
        case '\r': out += "\\r"; break;
        case '\t': out += "\\t"; break;
        default: append_unit(c, out);
        }
    }
    out += '"';
}

} // namespace winrm::clixml
