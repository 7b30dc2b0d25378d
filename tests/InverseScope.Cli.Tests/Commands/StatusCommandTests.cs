using System.Text.Json.Nodes;
using InverseScope.Service;
using InverseScope.Service.Compute;
using InverseScope.Sweeps;
using InverseScope.Torch.Runtime;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace InverseScope.Cli.Tests.Commands;

[Collection(TorchCollection.Name)]
public sealed class StatusCommandTests : IDisposable
{
    private const string Key = "0123456789abcdef";

    private const string Running = """
        [{"id":"night-001","name":"night","status":"running","reason":null,"model":"addition","task":"addition","language_model":null,"replay_of":null,"priority":"high",
          "started":"2026-01-02T03:04:05+00:00","finished":null,"pace":{"doing":"confirm","sites_done":3,"sites":8,"step":null,"seconds_left":60},
          "spend":{"work_seconds":10,"language_model_calls":0,"language_model_tokens":0,"limits":{"minutes":30,"samples":null,"language_model_calls":null,"language_model_tokens":null},"samples":0},
          "last_fault":null,"command":"c","device":"cluster","told_by_a_newer_service":1}]
        """;

    private const string Cluster = """
        {"version":"1.2.3","services":[{"host":"lab","process":17,"member":"S10.0.0.1:1:2","answers":true}],
         "workers":[{"id":"w","host":"gpu-box","process":4711,"device":"cuda:1","free_bytes":81000000000,"loaded":["addition on addition"],"models":["addition"],"generators":[],"busy":0.43,"calls_per_minute":128.4,"calls":2,"seen":"2026-01-02T03:04:05+00:00"}],
         "queue":[{"owner":"night-001","weight":16,"waiting":5,"running":2,"seconds":61.2},{"owner":"asked at a page","weight":100,"waiting":0,"running":1,"seconds":3},{"owner":"done-001","weight":4,"waiting":0,"running":0,"seconds":9}],
         "sweeps":[{"id":"night-001","priority":"high","service":"lab (process 17)","pace":{"doing":"confirm","sites_done":3,"sites":8,"step":null,"seconds_left":60},"seconds":10}]}
        """;

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Workers_queue_and_rates_stand_in_tables()
    {
        await using var service = await StartAsync(Running, Cluster);
        var shown = Status(null, "--service", service.Urls.Single());
        var json = Status(null, "--service", service.Urls.Single(), "--json");

        Assert.True(shown.Code == 0, shown.Error);
        Assert.Contains("version 1.2.3; services: lab (process 17).", shown.Out, StringComparison.Ordinal);
        Assert.Matches(@"gpu-box +4711 +cuda:1 +81\.0 GB +addition on addition +43% +2 +128\b", shown.Out);
        Assert.Matches(@"night-001 +high +3/8 +5 +2 +61 +lab \(process 17\)", shown.Out);
        Assert.Matches(@"asked at a page +0 +1 +3", shown.Out);
        Assert.DoesNotContain("done-001", shown.Out, StringComparison.Ordinal);
        var told = JsonNode.Parse(json.Out)!;
        Assert.Equal((0, 0.43, "night-001"), (json.Code, (double)told["cluster"]!["workers"]![0]!["busy"]!, (string)told["sweeps"]![0]!["id"]!));
    }

    [Fact]
    public async Task A_service_that_is_alone_says_so_and_lists_what_runs()
    {
        await using var service = await StartAsync(Running, null);
        var shown = Status(null, "--service", service.Urls.Single());

        Assert.Equal(0, shown.Code);
        Assert.Contains("is alone: it is in no cluster.", shown.Out, StringComparison.Ordinal);
        Assert.Matches("night-001 +running +3/8 +confirm", shown.Out);
    }

    [Fact]
    public async Task The_service_of_the_home_is_found_and_wants_its_key()
    {
        var home = new Home(_folder["home"]);
        using var compute = new LocalCompute(home, new TorchThread(threads: 1));
        await using var app = ServiceApp.Build(new ServiceOptions { Home = home, Address = new Uri("http://127.0.0.1:0"), ApiKey = Key, Version = "test" }, _ => compute);
        await app.StartAsync(TestContext.Current.CancellationToken);
        var (right, none, wrong) = (Status(Key), Status(null), Status("fedcba9876543210", "--json"));
        await app.StopAsync(CancellationToken.None);
        var gone = Status(Key, "--service", app.Urls.FirstOrDefault() ?? "http://127.0.0.1:1");

        Assert.Equal((0, 2, 2, 3), (right.Code, none.Code, wrong.Code, gone.Code));
        Assert.Contains("No sweep runs or waits.", right.Out, StringComparison.Ordinal);
        Assert.Contains("needs a key", none.Error, StringComparison.Ordinal);
        Assert.Contains("INVERSESCOPE_API_KEY", none.Error, StringComparison.Ordinal);
        Assert.Contains("does not take this key", (string)JsonNode.Parse(wrong.Out)!["error"]!["message"]!, StringComparison.Ordinal);
        Assert.Contains("No service answers at", gone.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("<html>")]
    [InlineData("{}")]
    [InlineData("null")]
    public async Task Something_else_that_answers_is_told_from_a_service(string body)
    {
        await using var service = await StartAsync(body, null);
        var shown = Status(null, "--service", service.Urls.Single());

        Assert.Equal(2, shown.Code);
        Assert.Contains("What answers at", shown.Error, StringComparison.Ordinal);
    }

    private static async Task<WebApplication> StartAsync(string sweeps, string? cluster)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.Run(async context =>
        {
            var body = context.Request.Path == "/api/v1/sweeps" ? sweeps : cluster;
            context.Response.StatusCode = body is null ? 404 : 200;
            context.Response.ContentType = body is null ? "application/problem+json" : "application/json";
            await context.Response.WriteAsync(body ?? """{"status":404,"detail":"This service is alone."}""");
        });
        await app.StartAsync(TestContext.Current.CancellationToken);
        return app;
    }

    private CliRun Status(string? key, params string[] args) =>
        CliRun.In(name => name == ServiceOptions.KeyVariable ? key : null, ["status", .. args, "--home", _folder["home"]]);
}
