#include "client/script.h"

#include "client/powershell.h"
#include "clixml/console.h"
#include "clixml/json.h"

namespace winrm {
namespace {

std::shared_ptr<const script_value::impl> keep(clixml::value v)
{
    return std::make_shared<const script_value::impl>(script_value::impl{std::move(v)});
}

const clixml::value& value_of(const script_value& v)
{
    static const clixml::value null;
    return v.get() == nullptr ? null : v.get()->value;
}

} // namespace

script_value::script_value(bool b) : impl_(keep(clixml::value(b))) {}
script_value::script_value(int n) : impl_(keep(clixml::value(n))) {}
script_value::script_value(std::int64_t n) : impl_(keep(clixml::value(n))) {}
script_value::script_value(double n) : impl_(keep(clixml::value(n))) {}
script_value::script_value(std::string_view text) : impl_(keep(clixml::value(text))) {}

result<script_value> script_value::from_json(std::string_view json)
{
    auto read = clixml::from_json(json);
    if (!read) return std::move(read).error();
    return script_value(keep(std::move(*read)));
}

std::string script_value::json() const { return clixml::to_json(value_of(*this), {.plain = true}); }
std::string script_value::exact_json() const { return clixml::to_json(value_of(*this)); }
std::string script_value::text() const { return clixml::to_text(value_of(*this)); }

namespace remote {

powershell::script_request make_script(std::string text, const script_options& options,
                                       base::milliseconds operation_timeout, const base::random_source& random)
{
    powershell::script_request r;
    r.carrier = carrier_options_for(options.configuration, operation_timeout, random, options.compress);
    r.pool.id = *base::uuid::parse(r.carrier.shell.create.shell_id);
    r.pool.host = psrp::host_info::interactive({120, 50}); // without a host `exit N` would be lost
    psrp::command c(std::move(text), !options.is_command);
    for (const auto& [name, value] : options.parameters) c.with(name, value_of(value));
    for (const auto& value : options.arguments) c.with(value_of(value));
    r.what.commands.push_back(std::move(c));
    r.what.takes_input = !options.input.empty();
    r.timeout = options.timeout;
    return r;
}

struct script::impl : std::enable_shared_from_this<script::impl>
{
    using driver_type = machine_driver<powershell::script_run>;

    impl(session& s, std::vector<script_value>&& i, handlers&& h)
        : over(s), call(std::move(h)), input(std::move(i)), begin(s.loop().now()), requests(s.requests())
    {}

    void start(powershell::script_request&& r, const base::random_source& random)
    {
        driver = std::make_shared<driver_type>(over, powershell::script_run(std::move(r), random, begin),
                                               [weak = weak_from_this()](powershell::script_event&& e) {
                                                   const auto self = weak.lock(); // a handler may destroy the script
                                                   if (self) self->report(std::move(e));
                                               });
        driver->pump_soon();
    }

    void tell(script_stream stream, clixml::value v, std::string message)
    {
        if (call.record) call.record({stream, script_value(keep(std::move(v))), std::move(message)});
    }

    void report(powershell::script_event&& e)
    {
        std::visit([this](auto&& what) { take(std::move(what)); }, std::move(e));
    }

    void take(psrp::pipeline_output&& e) { tell(script_stream::output, std::move(e.value), {}); }
    void take(psrp::pipeline_error&& e) { tell(script_stream::error, e.record.to_value(), e.record.text()); }
    void take(psrp::pipeline_informational&& e)
    {
        using kind = psrp::informational_kind;
        const auto stream = e.record.kind == kind::warning   ? script_stream::warning
                            : e.record.kind == kind::verbose ? script_stream::verbose
                                                             : script_stream::debug;
        tell(stream, e.record.to_value(), e.record.message);
    }
    void take(psrp::pipeline_information&& e)
    {
        tell(script_stream::information, e.record.to_value(), e.record.message);
    }
    void take(psrp::pipeline_progress&& e) { tell(script_stream::progress, e.record.to_value(), e.record.activity); }
    void take(psrp::host_call_made&& e)
    {
        if (e.call.wants_answer()) driver->machine().pool().fail(e, "nobody is there to answer questions");
    }
    void take(powershell::script_input_possible&&)
    {
        if (input_sent) return;
        input_sent = true;
        for (const auto& v : input) driver->machine().send_input(value_of(v));
        driver->machine().end_input();
        input.clear();
    }
    void take(powershell::script_ended&& e)
    {
        if (!e.how) return call.done(std::move(e.how).error());
        script_output out;
        out.failed = e.how->state != psrp::invocation_state::completed;
        if (e.how->reason) {
            out.reason = e.how->reason->text();
            out.reason_value = script_value(keep(e.how->reason->to_value()));
        }
        out.exit_code = e.how->exit_code;
        out.output_uncertain = e.how->output_uncertain;
        out.requests = over.requests() - requests;
        out.elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(over.loop().now() - begin);
        call.done(std::move(out));
    }
    void take(powershell::script_finished&&)
    {
        if (call.finished) call.finished();
    }

    session& over;
    handlers call;
    std::vector<script_value> input;
    bool input_sent = false;
    base::time_point begin;
    std::uint64_t requests;
    std::shared_ptr<driver_type> driver;
};

script::script(session& over, powershell::script_request request, std::vector<script_value> input,
               const base::random_source& random, handlers h)
    : impl_(std::make_shared<impl>(over, std::move(input), std::move(h)))
{
    impl_->start(std::move(request), random);
}

script::~script() { impl_->driver->detach(); }

} // namespace remote
} // namespace winrm
