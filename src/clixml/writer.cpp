#include "clixml/writer.h"

#include "clixml/escape.h"
#include "clixml/object_node.h"
#include "clixml/primitives.h"

#include <charconv>
#include <unordered_map>
#include <vector>

namespace winrm::clixml {
namespace {

constexpr base::bytes_view opening =
    R"(<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">)";
constexpr base::bytes_view closing = "</Objs>";

base::bytes_view element_of(contents what)
{
    switch (what) {
    case contents::list: return "LST";
    case contents::stack: return "STK";
    case contents::queue: return "QUE";
    case contents::enumerable: return "IE";
    default: return "DCT";
    }
}

/// Writes values; objects and type names have ids for as long as it lives.
class emitter
{
public:
    /// Values that it met stay alive as long as it remembers them: another could stand at their address.
    explicit emitter(bool keeps) : keeps_(keeps) {}

    std::string out;

    struct label
    {
        base::bytes_view name;   ///< N
        base::bytes_view stream; ///< S
        bool named = false;
    };

    void write(const value& v, const label& l)
    {
        switch (v.what()) {
        case kind::null: return empty("Nil", l);
        case kind::object: return write_object(v, l);
        case kind::progress_record: return write_progress(v, l);
        case kind::property_set: return write_set(v, l);
        case kind::reference: return write_reference(v, l);
        case kind::unknown: out += v.words(); return;
        default: return write_primitive(v, l);
        }
    }

    [[nodiscard]] std::size_t remembered() const { return kept_.size() + kept_types_.size(); }
    void forget()
    {
        ids_.clear();
        kept_.clear();
        types_.clear();
        type_texts_.clear();
        kept_types_.clear();
        last_types_ = {};
    }

private:
    void number(std::size_t n)
    {
        char buffer[20];
        const auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, n);
        static_cast<void>(error);
        out.append(buffer, static_cast<std::size_t>(end - buffer));
    }
    void attribute(base::bytes_view name, std::size_t n)
    {
        out += ' ';
        out += name;
        out += "=\"";
        number(n);
        out += '"';
    }
    void labels(const label& l)
    {
        if (!l.stream.empty()) {
            out += " S=\"";
            encode(l.stream, true, out);
            out += '"';
        }
        if (l.named) {
            out += " N=\"";
            encode(l.name, true, out);
            out += '"';
        }
    }
    void open(base::bytes_view element, const label& l)
    {
        out += '<';
        out += element;
        labels(l);
        out += '>';
    }
    void close(base::bytes_view element)
    {
        out += "</";
        out += element;
        out += '>';
    }
    void empty(base::bytes_view element, const label& l)
    {
        out += '<';
        out += element;
        labels(l);
        out += " />";
    }
    void text_element(base::bytes_view element, base::bytes_view words)
    {
        open(element, {});
        encode(words, false, out);
        close(element);
    }

    void write_primitive(const value& v, const label& l)
    {
        const base::bytes_view element = clixml::element_of(v.what());
        open(element, l);
        if (is_escaped(v.what())) encode(v.words(), false, out);
        else if (v.what() == kind::decimal || v.what() == kind::secure_string) encode_markup(v.words(), out);
        else format_primitive(v, out);
        close(element);
    }

    void write_types(const type_names& types)
    {
        if (types.empty()) return;
        if (types.is_same(last_types_)) return refer_types(last_id_);
        write_other_types(types);
        last_types_ = types;
    }
    void write_other_types(const type_names& types)
    {
        const auto [known, fresh] = types_.try_emplace(types.address(), next_types_);
        last_id_ = known->second;
        if (!fresh) return refer_types(known->second);
        kept_types_.push_back(types);
        std::string all;
        for (const text& t : types.all()) {
            all += t.view();
            all += '\0';
        }
        const auto [same, is_new] = type_texts_.try_emplace(std::move(all), next_types_);
        if (!is_new) {
            last_id_ = known->second = same->second;
            return refer_types(same->second);
        }
        out += "<TN";
        attribute("RefId", next_types_++);
        out += '>';
        for (const text& t : types.all()) text_element("T", t);
        close("TN");
    }
    void refer_types(std::size_t id)
    {
        out += "<TNRef";
        attribute("RefId", id);
        out += " />";
    }
    void refer(std::size_t id, const label& l)
    {
        out += "<Ref";
        labels(l);
        attribute("RefId", id);
        out += " />";
    }

    void write_object(const value& v, const label& l)
    {
        const detail::cell& c = access::cell(v);
        const std::size_t id = next_object_++;
        if (c.is_shared()) {
            const auto [known, fresh] = ids_.try_emplace(c.address(), id);
            if (!fresh) {
                --next_object_;
                return refer(known->second, l);
            }
            if (keeps_) kept_.push_back(v);
        }
        const object& o = c.object_of()->content;
        out += "<Obj";
        labels(l);
        attribute("RefId", id);
        out += '>';
        if (!o.identity.is_null()) open_.emplace_back(access::cell(o.identity).address(), id);
        write_types(o.types);
        if (o.to_string.what() == kind::string) text_element("ToString", o.to_string.words());
        write_contents(o);
        if (!o.adapted.empty()) write_members("Props", {}, o.adapted);
        if (!o.extended.empty()) write_members("MS", {}, o.extended);
        if (!o.identity.is_null()) open_.pop_back();
        close("Obj");
    }

    void write_contents(const object& o)
    {
        if (o.holds == contents::none) return;
        if (o.holds == contents::primitive) {
            if (!o.items.empty()) write(o.items.front(), {});
            return;
        }
        const base::bytes_view element = element_of(o.holds);
        open(element, {});
        if (o.holds == contents::dictionary) {
            for (std::size_t i = 0; i + 1 < o.items.size(); i += 2) {
                out += "<En>";
                write(o.items[i], {.name = "Key", .stream = {}, .named = true});
                write(o.items[i + 1], {.name = "Value", .stream = {}, .named = true});
                out += "</En>";
            }
        } else {
            for (const value& v : o.items) write(v, {});
        }
        close(element);
    }

    void write_members(base::bytes_view element, const label& l, const std::vector<property>& members)
    {
        open(element, l);
        for (const property& p : members) write(p.content, {.name = p.name, .stream = {}, .named = true});
        close(element);
    }

    void write_set(const value& v, const label& l) { write_members("MS", l, v.as_object()->extended); }

    void write_progress(const value& v, const label& l)
    {
        const auto line = [&](base::bytes_view element, base::bytes_view part, base::bytes_view otherwise) {
            open(element, {});
            const value& content = v[part];
            if (content.what() == kind::string) encode(content.words(), false, out);
            else if (content.what() == kind::int32) format_primitive(content, out);
            else out += otherwise;
            close(element);
        };
        open("PR", l);
        line("AV", "Activity", "");
        line("AI", "ActivityId", "0");
        if (v["CurrentOperation"].what() == kind::string) text_element("S", v["CurrentOperation"].words());
        else empty("Nil", {});
        line("PI", "ParentActivityId", "-1");
        line("PC", "PercentComplete", "-1");
        line("T", "Type", "Processing");
        line("SR", "SecondsRemaining", "-1");
        line("SD", "StatusDescription", "");
        close("PR");
    }

    void write_reference(const value& v, const label& l)
    {
        for (auto o = open_.rbegin(); o != open_.rend(); ++o) {
            if (o->first == access::cell(v).address()) return refer(o->second, l);
        }
        empty("Nil", l);
    }

    bool keeps_;
    std::size_t next_object_ = 0, next_types_ = 0;
    std::unordered_map<const void*, std::size_t> ids_;   ///< of objects that may come again
    std::unordered_map<const void*, std::size_t> types_; ///< by their list
    std::unordered_map<std::string, std::size_t> type_texts_;
    std::vector<std::pair<const void*, std::size_t>> open_; ///< identities of the objects around
    std::vector<value> kept_;
    std::vector<type_names> kept_types_;
    type_names last_types_; ///< most objects have those of the one before
    std::size_t last_id_ = 0;
};

} // namespace

std::string write(const value& what, const write_options& options)
{
    emitter e(false);
    if (options.document) e.out += opening;
    e.write(what, {});
    if (options.document) e.out += closing;
    return std::move(e.out);
}

struct document_writer::state
{
    emitter to{true};
};

document_writer::document_writer() : state_(std::make_unique<state>()) { state_->to.out += opening; }
document_writer::document_writer(document_writer&&) noexcept = default;
document_writer& document_writer::operator=(document_writer&&) noexcept = default;
document_writer::~document_writer() = default;

void document_writer::add(const value& what, std::string_view stream)
{
    state_->to.write(what, {.name = {}, .stream = stream, .named = false});
    constexpr std::size_t most = 100'000;
    if (state_->to.remembered() > most) state_->to.forget();
}

void document_writer::finish() { state_->to.out += closing; }

std::string document_writer::take_output() { return std::exchange(state_->to.out, {}); }

} // namespace winrm::clixml
