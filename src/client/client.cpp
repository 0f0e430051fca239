// The public client over remote::session and remote::run.
#include <winrm/client.h>

#include "base/system_reason.h"
#include "client/powershell.h"
#include "client/run.h"
#include "client/script.h"
#include "client/session.h"
#include "wsman/identify.h"

#include <list>
#include <system_error>

namespace winrm {

struct event_loop::impl
{
    io::loop loop;
    remote::context shared{loop}; ///< of all clients used on it
    std::size_t calls = 0;        ///< under way; kept connections alone are no reason to go on
};

namespace {

/// How long a destructor waits for its clean-up at the host.
constexpr milliseconds longest_run_down{5'000};
/// How long a blocking run waits for its own, after it has the result.
constexpr milliseconds clean_up_wait{250};

remote::run_request make_request(std::string command, const run_options& options, const client_options& settings)
{
    remote::run_request r;
    auto& create = r.shell.create;
    create.working_directory = options.working_directory;
    for (const auto& [name, value] : options.environment) create.environment.push_back({name, value});
    if (options.no_profile) create.no_profile = true;
    if (options.code_page != 0) create.code_page = options.code_page;
    r.shell.operation_timeout = settings.operation_timeout;
    r.shell.max_envelope_size = settings.max_envelope_size;
    r.command.command = std::move(command);
    r.command.arguments = options.arguments;
    r.command.skip_cmd_shell = options.skip_cmd_shell;
    r.has_input = !options.input.empty();
    r.timeout = options.timeout;
    return r;
}

using run_done = std::function<void(result<run_output>, const remote::run_result&)>;

/// One run under way: collects its output within bounds.
class job
{
public:
    job(remote::session& over, remote::run_request request, const run_options& options, run_done done,
        std::function<void()> finished)
        : over_(over), max_output_(options.max_output), input_(options.input), begin_(over.loop().now()),
          requests_(over.requests()), done_(std::move(done)),
          run_(over, std::move(request),
               {[this](base::bytes_view stream, base::bytes_view data) { collect(stream, data); }, [this] { feed(); },
                [this](result<remote::run_result> r) { report(std::move(r)); }, std::move(finished)})
    {}

private:
    void collect(base::bytes_view stream, base::bytes_view data)
    {
        std::string& kept = stream == "stderr" ? output_.err : output_.out;
        const std::size_t room = max_output_ - std::min(max_output_, kept.size());
        kept.append(data.substr(0, room));
        if (data.size() > room && !over_limit_) {
            over_limit_ = true;
            run_.cancel();
        }
    }

    void feed()
    {
        if (input_sent_) return;
        input_sent_ = true;
        run_.send_input(std::move(input_), true);
    }

    void report(result<remote::run_result> r)
    {
        output_.requests = over_.requests() - requests_;
        output_.elapsed = std::chrono::duration_cast<milliseconds>(over_.loop().now() - begin_);
        if (over_limit_) {
            done_(error(errc::output_limit, "the command printed more than the " + std::to_string(max_output_) +
                                                " bytes that may be collected; it was terminated"),
                  {});
        } else if (!r) {
            done_(std::move(r).error(), {});
        } else if (!r->exit_code) {
            done_(error(errc::protocol, "the host ended the command without an exit code"), *r);
        } else {
            output_.exit_code = *r->exit_code;
            output_.output_uncertain = r->output_uncertain;
            done_(std::move(output_), *r);
        }
    }

    remote::session& over_;
    std::size_t max_output_;
    std::string input_;
    base::time_point begin_;
    std::uint64_t requests_;
    run_done done_;
    run_output output_;
    bool over_limit_ = false, input_sent_ = false;
    remote::run run_; // last: it calls the others
};

/// The jobs of one loop over one login.
struct loop_session
{
    loop_session(std::shared_ptr<event_loop::impl> on, remote::session_options o)
        : loop(std::move(on)), session(loop->shared, std::move(o))
    {}

    /// `ended` is called when nothing of the job is left, its clean-up at the host included.
    void start(remote::run_request request, const run_options& options, run_done done, std::function<void()> ended = {})
    {
        const auto at = jobs->emplace(jobs->end());
        *at = std::make_shared<job>(session, std::move(request), options, std::move(done),
                                    free_later(at, std::move(ended)));
    }

    void start(powershell::script_request request, std::vector<script_value> input, script_handler each,
               std::function<void(result<script_output>)> done, std::function<void()> ended = {})
    {
        const auto at = jobs->emplace(jobs->end());
        session.allow_connections(remote::connections_of_a_pool);
        *at = std::make_shared<remote::script>(
            session, std::move(request), std::move(input), loop->shared.random(),
            remote::script::handlers{std::move(each), std::move(done), free_later(at, std::move(ended))});
    }

    std::shared_ptr<event_loop::impl> loop; ///< may be the last that holds it
    remote::session session;
    using job_list = std::list<std::shared_ptr<void>>; ///< runs and scripts
    std::shared_ptr<job_list> jobs = std::make_shared<job_list>();

private:
    /// From the loop: the job must not go while one of its handlers is still running.
    std::function<void()> free_later(job_list::iterator at, std::function<void()> ended)
    {
        return [this, at, ended = std::move(ended)] {
            session.loop().post([all = std::weak_ptr(jobs), at, ended] {
                const auto still_there = all.lock();
                if (!still_there) return;
                still_there->erase(at);
                if (ended) ended();
            });
        };
    }
};

} // namespace

event_loop::event_loop() : impl_(std::make_shared<impl>()) {}
event_loop::~event_loop() = default;
event_loop::event_loop(event_loop&&) noexcept = default;
event_loop& event_loop::operator=(event_loop&&) noexcept = default;
void event_loop::run()
{
    const auto keep = impl_; // a handler may destroy us
    while (keep->calls > 0 && keep->loop.run_one()) {}
}

struct client::impl
{
    impl(target h, credentials c, client_options o) : host(std::move(h)), login(std::move(c)), settings(std::move(o)) {}

    ~impl()
    {
        if (auto* blocking = find(own)) run_down(*blocking, longest_run_down); // nothing without an own loop
    }

    remote::session_options session_settings() const
    {
        remote::session_options o;
        o.host = host;
        o.login = login;
        o.scheme = settings.scheme;
        o.always_encrypt = settings.always_encrypt;
        o.trusted_for_ntlm = settings.trusted_for_ntlm;
        o.delegate = settings.delegate;
        o.service_name = settings.service_name;
        o.ca_file = settings.ca_file;
        o.allow_unencrypted = settings.allow_unencrypted;
        o.connect_timeout = settings.connect_timeout;
        o.limits.envelope = std::max(o.limits.envelope, settings.max_envelope_size);
        o.user_agent = settings.user_agent;
        return o;
    }

    loop_session* find(const std::shared_ptr<event_loop::impl>& loop)
    {
        for (auto& l : sessions) {
            if (l->loop == loop) return l.get();
        }
        return nullptr;
    }

    loop_session& on(const std::shared_ptr<event_loop::impl>& loop)
    {
        if (auto* l = find(loop)) return *l;
        return *sessions.emplace_back(std::make_unique<loop_session>(loop, session_settings()));
    }

    /// Of blocking calls; made with the first.
    /// @errors connect: the process has no descriptors left for a loop
    result<loop_session*> on_own()
    {
        try {
            if (!own) own = std::make_shared<event_loop::impl>();
        } catch (const std::system_error& e) {
            return error(errc::connect, "no connection can be made: " + base::network_reason(e.code().value()))
                .with_delivery(delivery::not_sent);
        }
        return &on(own);
    }

    /// Runs the own loop until `done` says so.
    template <class Condition> void run_until(Condition done)
    {
        while (!done() && own->loop.run_one()) {}
    }

    /// Lets the clean-up of runs that have ended go on for a while.
    void run_down(loop_session& l, milliseconds at_most)
    {
        bool late = false;
        io::timer limit(own->loop);
        limit.set_after(at_most, [&] { late = true; });
        run_until([&] { return late || l.jobs->empty(); });
    }

    result<run_output> run(remote::run_request request, const run_options& options, remote::run_result& where)
    {
        std::optional<result<run_output>> got;
        const bool keep_shell = request.keep_shell;
        const auto made = on_own();
        if (!made) return made.error();
        loop_session& l = **made;
        l.start(std::move(request), options, [&](result<run_output> r, const remote::run_result& w) {
            got = std::move(r);
            where = w;
        });
        run_until([&] { return got.has_value(); });
        // Nobody drives the loop between the calls: what is not asked of the host now may wait for hours.
        if (got && !(keep_shell && *got)) run_down(l, clean_up_wait);
        if (!got) return error(errc::internal, "the event loop ended before the command did");
        return std::move(*got);
    }

    target host;
    credentials login;
    client_options settings;
    std::shared_ptr<event_loop::impl> own; ///< nullptr before the first blocking call
    std::vector<std::unique_ptr<loop_session>> sessions;
};

client::client(target host, credentials login, client_options options)
    : impl_(std::make_unique<impl>(std::move(host), std::move(login), std::move(options)))
{}
client::~client() = default;
client::client(client&&) noexcept = default;
client& client::operator=(client&&) noexcept = default;

result<run_output> client::run(std::string_view command, const run_options& options)
{
    remote::run_result where;
    return impl_->run(make_request(std::string(command), options, impl_->settings), options, where);
}

void client::async_run(event_loop& loop, std::string command, run_options options,
                       std::function<void(result<run_output>)> done)
{
    auto request = make_request(std::move(command), options, impl_->settings);
    const auto& on = loop.get();
    impl_->on(on).start(
        std::move(request), options,
        [done = std::move(done)](result<run_output> r, const remote::run_result&) { done(std::move(r)); },
        [l = on.get()] { --l->calls; });
    ++on->calls;
}

result<script_output> client::run_script(std::string_view script, const script_options& options,
                                         const script_handler& each)
{
    std::optional<result<script_output>> got;
    const auto made = impl_->on_own();
    if (!made) return made.error();
    auto request = remote::make_script(std::string(script), options, impl_->settings.operation_timeout,
                                       impl_->own->shared.random());
    (*made)->start(std::move(request), options.input, each, [&](result<script_output> r) { got = std::move(r); });
    impl_->run_until([&] { return got.has_value(); });
    if (!got) return error(errc::internal, "the event loop ended before the script did");
    impl_->run_down(**made, clean_up_wait);
    return std::move(*got);
}

void client::async_run_script(event_loop& loop, std::string script, script_options options, script_handler each,
                              std::function<void(result<script_output>)> done)
{
    const auto& on = loop.get();
    auto request =
        remote::make_script(std::move(script), options, impl_->settings.operation_timeout, on->shared.random());
    impl_->on(on).start(std::move(request), std::move(options.input), std::move(each), std::move(done),
                        [l = on.get()] { --l->calls; });
    ++on->calls;
}

result<identity> client::identify()
{
    std::optional<result<identity>> got;
    const auto made = impl_->on_own();
    if (!made) return made.error();
    (*made)->session.identify([&](result<wsman::incoming_reply> reply) {
        if (!reply) {
            got = std::move(reply).error();
            return;
        }
        auto id = wsman::read_identify_reply(reply->envelope());
        if (id) got = identity{id->protocol_version, id->product_vendor, id->product_version};
        else got = std::move(id).error();
    });
    impl_->run_until([&] { return got.has_value(); });
    if (!got) return error(errc::internal, "the event loop ended before the host answered");
    return std::move(*got);
}

login_facts client::login() const
{
    for (auto l = impl_->sessions.rbegin(); l != impl_->sessions.rend(); ++l) {
        if (!(*l)->session.login().scheme.empty()) return (*l)->session.login();
    }
    return {};
}

struct kept_shell::impl
{
    client::impl& owner;
    bool takes_input;
    std::optional<shell::shell_info> open;
    shell::create_shell create; ///< what `open` was made with, and a shell that replaces it is
};

kept_shell::kept_shell(std::unique_ptr<impl> made) : impl_(std::move(made)) {}
kept_shell::kept_shell(kept_shell&&) noexcept = default;
kept_shell& kept_shell::operator=(kept_shell&& other) noexcept
{
    if (this == &other) return *this;
    if (impl_) close();
    impl_ = std::move(other.impl_);
    return *this;
}

kept_shell::~kept_shell()
{
    if (impl_) close();
}

kept_shell client::open_shell(bool takes_input)
{
    return kept_shell(std::unique_ptr<kept_shell::impl>(new kept_shell::impl{*impl_, takes_input, {}, {}}));
}

result<run_output> kept_shell::run(std::string_view command, const run_options& options)
{
    if (!options.input.empty() && !impl_->takes_input) {
        return error(errc::bad_argument, "this shell was opened without stdin: call open_shell(true)");
    }
    auto& owner = impl_->owner;
    auto request = make_request(std::string(command), options, owner.settings);
    request.has_input = impl_->takes_input;
    request.keep_shell = true;
    request.attach = impl_->open;
    if (request.attach) request.shell.create = impl_->create; // the machine replaces a shell that is worn out
    else impl_->create = request.shell.create;
    remote::run_result where;
    auto got = owner.run(std::move(request), options, where);
    // Where a command ended the shell goes on; after any other end remote::run has asked the host to delete it.
    impl_->open.reset();
    if (!where.shell.shell_id.empty()) impl_->open = std::move(where.shell);
    return got;
}

void kept_shell::close()
{
    if (!impl_->open) return;
    auto& owner = impl_->owner;
    const auto done = std::make_shared<bool>(false); // the answer may come after we stopped waiting
    owner.on(owner.own).session.ask(shell::make_delete(impl_->open->resource_uri, impl_->open->shell_id), {},
                                    [done](result<wsman::incoming_reply>) { *done = true; });
    impl_->open.reset();
    io::timer limit(owner.own->loop);
    limit.set_after(longest_run_down, [done] { *done = true; });
    owner.run_until([&] { return *done; });
}

} // namespace winrm
