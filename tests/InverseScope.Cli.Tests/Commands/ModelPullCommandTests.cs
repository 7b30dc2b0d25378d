using System.Diagnostics;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace InverseScope.Cli.Tests.Commands;

public sealed class ModelPullCommandTests : IAsyncLifetime
{
    private const string Token = "hf_secretsecret";
    private const string Weights = "model.safetensors";
    private static readonly string Golden = Repository.Path("tests", "InverseScope.Torch.Tests", "Golden", "gpt2-tiny");
    private readonly TempFolder _folder = new();
    private FakeHub _hub = null!;

    private string Home => _folder["home"];

    public async ValueTask InitializeAsync() => _hub = (await FakeHub.StartAsync()).With(Golden);

    public async ValueTask DisposeAsync()
    {
        await _hub.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public void A_pulled_model_is_listed_and_can_be_shown()
    {
        var pull = Pull();

        Assert.Equal(0, pull.Code);
        Assert.StartsWith("Model 'tiny' is kept in ", pull.Out, StringComparison.Ordinal);
        Assert.Contains("someone/tiny at commit 0123456789ab, 2 files, 0.8 MB.", pull.Out);
        Assert.Contains("tiny", CliRun.Of("model", "list", "--home", Home).Out);
        Assert.Equal(0, CliRun.Of("model", "show", "tiny", "--home", Home).Code);
    }

    [Fact]
    public void As_json_it_tells_the_source_and_what_came_of_it()
    {
        using var pulled = JsonDocument.Parse(Pull("--json").Out);
        using var again = JsonDocument.Parse(Pull("--json").Out);
        var commit = _hub.Commit;
        _hub.Commit = new string('b', 40);
        using var outdated = JsonDocument.Parse(Pull("--json").Out);

        Assert.Equal("pulled", pulled.RootElement.GetProperty("outcome").GetString());
        Assert.Equal(FakeHub.Repository, pulled.RootElement.GetProperty("repository").GetString());
        Assert.Equal(commit, pulled.RootElement.GetProperty("commit").GetString());
        Assert.Contains(
            $"sha256:{FakeHub.Sha256(_hub.Files[Weights])}",
            pulled.RootElement.GetProperty("files").EnumerateArray().Select(f => f.GetProperty("hash").GetString()));
        Assert.Equal("kept", again.RootElement.GetProperty("outcome").GetString());
        Assert.Equal("outdated", outdated.RootElement.GetProperty("outcome").GetString());
        Assert.Equal(commit, outdated.RootElement.GetProperty("commit").GetString());
        Assert.Equal(_hub.Commit, outdated.RootElement.GetProperty("upstream_commit").GetString());
    }

    [Fact]
    public void A_second_pull_and_a_changed_upstream_are_told()
    {
        Pull();
        var again = Pull();
        _hub.Commit = new string('b', 40);
        var changed = Pull();
        var revision = Pull("--revision", "main");
        var forced = Pull("--force");

        Assert.Equal($"Model 'tiny' is here already, at commit 0123456789ab: nothing to do.{Environment.NewLine}", again.Out);
        Assert.Contains("someone/tiny is at bbbbbbbbbbbb by now. Replace it with --force", changed.Out);
        Assert.Equal(0, changed.Code);
        Assert.Equal(2, revision.Code);
        Assert.Contains("--force", revision.Error);
        Assert.Equal(0, forced.Code);
        Assert.Contains("commit bbbbbbbbbbbb", forced.Out);
    }

    [Fact]
    public void Progress_goes_to_standard_error_unless_quiet_is_asked_for()
    {
        Assert.Contains("kB", Pull().Error);
        Assert.Equal("", Pull("--quiet", "--name", "other").Error);
    }

    [Fact]
    public void The_token_of_the_environment_is_sent_and_never_shown()
    {
        _hub.Misbehave("HEAD", Weights, Refused, times: 1);

        var refused = Pull("--json");
        var pulled = Pull();

        Assert.Equal(2, refused.Code);
        Assert.Contains("HF_TOKEN", refused.Error);
        Assert.Contains(_hub.Requests, r => r.Authorization == $"Bearer {Token}");
        Assert.DoesNotContain(Token, refused.Out + refused.Error + pulled.Out + pulled.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void What_failed_to_arrive_is_not_listed()
    {
        _hub.Misbehave("GET", FakeHub.StoredAt(_hub.Files[Weights]), context => context.Response.Body.WriteAsync(new byte[751536]).AsTask());

        var pull = Pull("--json");

        Assert.Equal(3, pull.Code);
        using var error = JsonDocument.Parse(pull.Out);
        Assert.Contains("is not what it declares", error.RootElement.GetProperty("error").GetProperty("message").GetString());
        Assert.DoesNotContain("   at ", pull.Error);
        Assert.DoesNotContain("tiny", CliRun.Of("model", "list", "--home", Home).Out);
        Assert.Equal(2, CliRun.Of("model", "show", "tiny", "--home", Home).Code);
    }

    [Fact]
    public void Offline_nothing_is_asked()
    {
        var option = Pull("--offline");
        var variable = CliRun.In(
            name => name == "HF_HUB_OFFLINE" ? "1" : Variable(name), "model", "pull", FakeHub.Repository, "--home", Home);

        Assert.Equal((2, 2), (option.Code, variable.Code));
        Assert.Contains("'tiny' is not in this home", option.Error);
        Assert.Contains("'tiny' is not in this home", variable.Error);
        Assert.Empty(_hub.Requests);
    }

    [Theory]
    [InlineData("a/b/c", null, "does not name a model of the hub")]
    [InlineData(FakeHub.Repository, "../x", "cannot be the name of a model")]
    public void Names_that_lead_elsewhere_are_refused(string repository, string? name, string message)
    {
        string[] args = ["model", "pull", repository, "--home", Home];

        var run = CliRun.In(Variable, name is null ? args : [.. args, "--name", name]);

        Assert.Equal(2, run.Code);
        Assert.Contains(message, run.Error);
        Assert.False(Directory.Exists(Home));
    }

    [Fact]
    public async Task Ctrl_C_keeps_what_came_and_the_same_command_goes_on()
    {
        var content = _hub.Files[Weights];
        _hub.Misbehave("GET", FakeHub.StoredAt(content), async context =>
        {
            context.Response.ContentLength = content.Length;
            await context.Response.Body.WriteAsync(content.AsMemory(0, 1000));
            await context.Response.Body.FlushAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        }, times: 1);
        using var process = CliProcess.StartAt(
            CliProcess.ProgramPath, [("HF_ENDPOINT", _hub.Address.AbsoluteUri), ("HF_HUB_OFFLINE", null)], "model", "pull", FakeHub.Repository, "--home", Home);
        var error = process.StandardError.ReadToEndAsync();
        // Signalled by what has arrived, never by the clock.
        while (Arrived() < 1000 && !process.WaitForExit(20))
        {
        }

        using (var signal = Process.Start("kill", ["-INT", $"{process.Id}"]))
            await signal.WaitForExitAsync();
        await process.WaitForExitAsync();
        var resumed = Pull();

        Assert.Equal(4, process.ExitCode);
        Assert.Contains("The same command goes on with it.", await error);
        Assert.Equal(0, resumed.Code);
        Assert.Contains(_hub.Requests, r => r.Range == "bytes=1000-");
    }

    private long Arrived()
    {
        var room = Path.Combine(Home, "models", ".arriving", "someone--tiny");
        return Directory.Exists(room)
            ? new DirectoryInfo(room).GetFiles($"{Weights}.*.part").Sum(f => f.Length)
            : 0;
    }

    private static Task Refused(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status403Forbidden;
        return Task.CompletedTask;
    }

    private CliRun Pull(params string[] more) => CliRun.In(Variable, ["model", "pull", FakeHub.Repository, "--home", Home, .. more]);

    private string? Variable(string name) => name switch
    {
        "HF_ENDPOINT" => _hub.Address.AbsoluteUri,
        "HF_TOKEN" => Token,
        _ => null,
    };
}
