#include "clixml/builder.h"

#include "clixml/escape.h"
#include "clixml/tags.h"

#include <utility>

namespace winrm::clixml {
namespace {

constexpr base::bytes_view our_namespace = "http://schemas.microsoft.com/powershell/2004/04";

} // namespace

bool builder::charge(std::uint64_t values)
{
    charged_ += values;
    return charged_ <= bounds_.values || refuse(errc::too_large, "the CLIXML has too many values");
}

builder::step builder::advance(scanner& from)
{
    for (;;) {
        if (state_ == phase::between) {
            if (const step s = begin_document(from); s != step::item) return s;
            if (std::exchange(have_item_, false)) return step::item;
        }
        const scanner::token t = from.next();
        bool good = true;
        if (t == scanner::token::need_more) {
            if (state_ == phase::leaf) keep_leaf_text();
            return step::need_more;
        }
        if (t == scanner::token::bad) return fail(errc::protocol, from.why());
        if (t == scanner::token::finished) return fail(errc::protocol, "the XML ends too early");
        if (state_ == phase::raw) good = on_raw(from, t);
        else if (t == scanner::token::text) good = on_text(from);
        else if (t == scanner::token::end) good = on_end(from.name());
        else {
            const bool closed = t == scanner::token::empty;
            const bool inside = state_ == phase::leaf; // of an XML document's text: no value begins
            good = on_start(from, closed) && (!closed || inside || on_end(from.name()));
        }
        if (!good) return step::bad;
        if (have_item_) {
            have_item_ = false;
            return step::item;
        }
    }
}

// step::item = a document begins here, or a line of another program's is ready.
builder::step builder::begin_document(scanner& from)
{
    switch (from.skip_prologue()) {
    case scanner::token::start: break;
    case scanner::token::text:
        ready_ = {{}, value(from.text())};
        have_item_ = true;
        return step::item;
    case scanner::token::need_more: return step::need_more;
    case scanner::token::finished: return step::finished;
    default: return fail(errc::protocol, from.why());
    }
    push(place::bare, contents::none); // until its first tag says that it is an Objs document
    state_ = phase::elements;
    return step::item;
}

void builder::push(place where, contents holds)
{
    frame& f = frames_.emplace_back();
    f.where = where;
    f.holds = holds;
    f.tag = leaf_tag_;
    const bool of_values = where == place::list || where == place::dictionary;
    f.first = where == place::type_names ? names_.size() : of_values ? values_.size() : properties_.size();
}

bool builder::bind_namespaces(const scanner& from)
{
    for (const raw_attribute& a : from.attributes()) {
        const bool is_default = a.name == "xmlns";
        if (!is_default && !a.name.starts_with("xmlns:")) continue;
        base::bytes_view bound_to;
        if (!decode_attribute(&a, false, bound_to)) return false;
        const bool ours = bound_to == our_namespace || (is_default && bound_to.empty());
        only_ours_ = only_ours_ && is_default && ours;
        bindings_.push_back({frames_.size(), std::string(is_default ? "" : a.name.substr(6)), ours});
    }
    return true;
}

// Empty = refused.
base::bytes_view builder::local_name(base::bytes_view qualified)
{
    const auto colon = qualified.find(':');
    const base::bytes_view prefix = colon == base::bytes_view::npos ? base::bytes_view{} : qualified.substr(0, colon);
    for (auto b = bindings_.rbegin(); b != bindings_.rend(); ++b) {
        if (b->prefix != prefix) continue;
        if (b->ours) return colon == base::bytes_view::npos ? qualified : qualified.substr(colon + 1);
        refuse(errc::protocol, "an XML element is not in the namespace of CLIXML");
        return {};
    }
    if (colon == base::bytes_view::npos) return qualified;
    refuse(errc::protocol, "an XML prefix is not declared");
    return {};
}

bool builder::decode_attribute(const raw_attribute* raw, bool escapes, base::bytes_view& out)
{
    if (raw == nullptr) return true;
    out = raw->value;
    if (raw->markup) {
        attribute_.clear();
        if (!decode_markup(out, false, true, attribute_))
            return refuse(errc::protocol, "an XML character reference names no character");
        out = attribute_;
    }
    if (escapes && (raw->underscore || raw->markup)) {
        scratch_.clear();
        decode_escapes(out, scratch_);
        out = scratch_;
    }
    return true;
}

bool builder::read_attributes(const scanner& from, attributes& into)
{
    bool declares = false;
    for (const raw_attribute& a : from.attributes()) {
        switch (packed(a.name)) {
        case packed("N"): into.name = &a; break;
        case packed("RefId"): into.id = a.value; break;
        case packed("S"): into.stream = &a; break;
        default: declares = declares || a.name.starts_with("xmlns");
        }
    }
    return !declares || bind_namespaces(from);
}

bool builder::on_start(const scanner& from, bool closed)
{
    if (state_ == phase::leaf) {
        if (leaf_kind_ != kind::xml_document || leaf_use_ != leaf_use::value)
            return refuse(errc::protocol, "an XML element stands inside of a primitive value");
        start_raw(from, kind::xml_document); // as the specification's own example has it
        if (closed) return true;
        ++raw_depth_;
        long_names_.emplace_back(from.name());
        return true;
    }
    if (frames_.size() >= bounds_.depth) return refuse(errc::too_large, "the CLIXML is nested too deeply");
    attributes a;
    if (!from.attributes().empty() && !read_attributes(from, a)) return false;
    base::bytes_view local = from.name();
    if (!only_ours_ || from.has_prefix()) local = local_name(local);
    if (local.empty()) return false;
    const std::uint64_t tag = packed(local);
    leaf_tag_ = packed(from.name());
    if (leaf_tag_ == 0) long_names_.emplace_back(from.name());
    const place where = frames_.back().where;
    switch (where) {
    case place::object: return start_in_object(tag, a, from);
    case place::progress: return start_in_progress(tag, a);
    case place::type_names:
        if (tag != tags::T) return refuse(errc::protocol, "only T may stand in TN");
        start_leaf(kind::string, leaf_use::type_name);
        return true;
    case place::dictionary:
        if (tag != tags::En) return refuse(errc::protocol, "only En may stand in DCT");
        push(place::entry, contents::none);
        frames_.back().owner = frames_[frames_.size() - 2].owner;
        values_.emplace_back();
        values_.emplace_back();
        frames_.back().first = values_.size() - 2;
        return true;
    case place::bare:
        if (tag == tags::Objs) {
            frames_.back().where = place::top;
            frames_.back().tag = leaf_tag_;
            for (binding& b : bindings_) b.depth = 0;
            return true;
        }
        if (kind_of_tag(tag) == kind::unknown && tag != tags::Obj && tag != tags::PR && tag != tags::Ref)
            return refuse(errc::protocol, "this is not CLIXML");
        [[fallthrough]];
    case place::top: {
        base::bytes_view stream;
        if (!decode_attribute(a.stream, false, stream)) return false;
        stream_ = text(stream);
        return start_value(tag, a, from);
    }
    case place::entry:
    case place::adapted:
    case place::extended: return set_name(a) && start_value(tag, a, from);
    case place::list: break;
    }
    return start_value(tag, a, from);
}

bool builder::set_name(const attributes& a)
{
    base::bytes_view name;
    if (!decode_attribute(a.name, true, name)) return false;
    value_name_ = interned(name);
    return true;
}

// Names repeat from object to object: long ones are then one text.
text builder::interned(base::bytes_view name)
{
    if (name.size() <= detail::cell::longest_inline) return text(name);
    const auto first = static_cast<unsigned char>(name.front()), last = static_cast<unsigned char>(name.back());
    const auto middle = static_cast<unsigned char>(name[name.size() / 2]);
    text& kept = interned_[(name.size() * 7 + first * 5U + last * 3U + middle) % interned_.size()];
    if (!(kept == name)) kept = text(name);
    return kept;
}

bool builder::start_in_object(std::uint64_t tag, const attributes& a, const scanner& from)
{
    const std::size_t self = frames_.size() - 1;
    const auto open = [&](place where, contents holds) {
        object& o = frames_[self].node->content;
        if (where == place::list || where == place::dictionary) {
            o.holds = holds;
            o.items.clear();
        }
        push(where, holds);
        frames_.back().owner = self;
        return true;
    };
    switch (tag) {
    case tags::TN:
        open(place::type_names, contents::none);
        frames_.back().id = std::string(a.id);
        return true;
    case tags::TNRef: {
        const type_names* found = types_.find(a.id);
        if (found == nullptr) return refuse(errc::protocol, "a TNRef refers to no TN before it");
        frames_[self].node->content.types = *found;
        start_leaf(kind::null, leaf_use::type_reference);
        return true;
    }
    case tags::ToString: start_leaf(kind::string, leaf_use::to_string); return true;
    case tags::Props: return open(place::adapted, contents::none);
    case tags::MS: return open(place::extended, contents::none);
    case tags::LST: return open(place::list, contents::list);
    case tags::IE: return open(place::list, contents::enumerable);
    case tags::STK: return open(place::list, contents::stack);
    case tags::QUE: return open(place::list, contents::queue);
    case tags::DCT: return open(place::dictionary, contents::dictionary);
    default: return start_value(tag, a, from);
    }
}

bool builder::start_in_progress(std::uint64_t tag, const attributes& a)
{
    struct part
    {
        std::uint64_t tag;
        base::bytes_view name;
        kind what;
    };
    static constexpr part parts[] = {
        {tags::AV, "Activity", kind::string},
        {tags::AI, "ActivityId", kind::int32},
        {tags::Nil, "CurrentOperation", kind::null},
        {tags::S, "CurrentOperation", kind::string},
        {tags::PI, "ParentActivityId", kind::int32},
        {tags::PC, "PercentComplete", kind::int32},
        {tags::T, "Type", kind::string},
        {tags::SR, "SecondsRemaining", kind::int32},
        {tags::SD, "StatusDescription", kind::string},
    };
    static_cast<void>(a);
    for (const part& p : parts) {
        if (p.tag != tag) continue;
        progress_name_ = p.name;
        start_leaf(p.what, leaf_use::progress_part);
        return true;
    }
    return refuse(errc::protocol, "an unknown element stands in PR");
}

bool builder::start_value(std::uint64_t tag, const attributes& a, const scanner& from)
{
    if (!charge(1)) return false;
    switch (tag) {
    case tags::Obj: return start_object(kind::object, place::object, a);
    case tags::Ref: return start_reference(a);
    case tags::PR: return start_object(kind::progress_record, place::progress, a);
    case tags::MS:
        if (frames_.back().where != place::extended) break;
        return start_object(kind::property_set, place::extended, {});
    default: break;
    }
    const kind what = kind_of_tag(tag);
    if (what != kind::unknown) {
        start_leaf(what, leaf_use::value);
        return true;
    }
    if (from.has_prefix()) return refuse(errc::protocol, "an unknown element has a prefix");
    start_raw(from, kind::unknown);
    return true;
}

bool builder::start_object(kind becomes, place where, const attributes& a)
{
    push(where, contents::none);
    frame& f = frames_.back();
    f.becomes = becomes;
    f.owner = frames_.size() - 1;
    f.node = std::make_unique<detail::object_node>(object());
    f.name = std::move(value_name_);
    if (!a.id.empty()) {
        f.id.assign(a.id);
        objects_.set(a.id, {value(), frames_.size() - 1, item_number_});
    }
    return true;
}

bool builder::start_reference(const attributes& a)
{
    referent* found = objects_.find(a.id);
    if (found == nullptr) {
        return refuse(errc::protocol, forgotten_ ? "a Ref refers to no object before it, or to one too far back"
                                                 : "a Ref refers to no object before it");
    }
    start_leaf(kind::null, leaf_use::ready);
    if (!found->content.is_null()) {
        if (found->item != item_number_) {
            recalled_ += found->content.size();
            if (recalled_ > bounds_.recalled)
                return refuse(errc::too_large, "the CLIXML brings back too many values by Ref");
        }
        leaf_ready_ = found->content;
        return true;
    }
    // The object is open: what stands inside of it refers to it.
    value& identity = frames_[found->frame].node->content.identity;
    if (identity.is_null()) {
        auto [made, reference] = make_reference();
        identity = made;
        leaf_ready_ = std::move(reference);
    } else {
        detail::cell c = access::cell(identity);
        c.set_kind(kind::reference);
        leaf_ready_ = access::make(std::move(c));
    }
    return true;
}

void builder::start_leaf(kind what, leaf_use use)
{
    state_ = phase::leaf;
    leaf_kind_ = what;
    leaf_use_ = use;
    leaf_view_ = {};
    leaf_marks_ = {};
    leaf_owned_ = false;
}

void builder::start_raw(const scanner& from, kind becomes)
{
    if (becomes == kind::xml_document) {
        keep_leaf_text();
        if (!leaf_owned_) leaf_text_.clear();
        raw_depth_ = 0;
    } else {
        leaf_text_.clear();
        raw_depth_ = 0;
        leaf_kind_ = becomes;
    }
    state_ = phase::raw;
    leaf_text_.append(from.raw());
}

bool builder::on_raw(const scanner& from, scanner::token what)
{
    const bool whole_is_ours = leaf_kind_ == kind::unknown; // else the end tag of XD
    if (what == scanner::token::end && raw_depth_ == 0) {
        if (whole_is_ours) leaf_text_.append(from.raw());
        return on_end(from.name());
    }
    leaf_text_.append(from.raw());
    if (what == scanner::token::start) {
        if (++raw_depth_ + frames_.size() >= bounds_.depth)
            return refuse(errc::too_large, "the CLIXML is nested too deeply");
        long_names_.emplace_back(from.name());
    } else if (what == scanner::token::end) {
        --raw_depth_;
        if (long_names_.back() != from.name())
            return refuse(errc::protocol, "an XML end tag does not match its start tag");
        long_names_.pop_back();
    }
    return true;
}

bool builder::on_stray_text(const scanner& from)
{
    if (from.text().find_first_not_of(" \t\r\n") == base::bytes_view::npos) return true;
    attribute_.clear();
    if (!decode_markup(from.text(), from.marks().cdata, false, attribute_))
        return refuse(errc::protocol, "an XML character reference names no character");
    stream_ = {};
    return charge(1) && deliver(value(attribute_));
}

bool builder::on_text(const scanner& from)
{
    if (state_ != phase::leaf) {
        if (frames_.size() == 1 && frames_.front().where == place::top) return on_stray_text(from);
        return true; // white space; a few of the specification's examples have words there
    }
    if (from.text().empty()) return true;
    if (leaf_view_.empty() && !leaf_owned_ && !from.marks().cdata) {
        leaf_view_ = from.text();
        leaf_marks_ = from.marks();
        return true;
    }
    keep_leaf_text();
    if (!leaf_owned_) leaf_text_.clear();
    leaf_owned_ = true;
    leaf_marks_.underscore = leaf_marks_.underscore || from.marks().underscore;
    return decode_markup(from.text(), from.marks().cdata, false, leaf_text_) ||
           refuse(errc::protocol, "an XML character reference names no character");
}

} // namespace winrm::clixml
