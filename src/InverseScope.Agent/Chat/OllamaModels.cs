using System.Text.Json;
using InverseScope.Agent.Chat.Ollama;

namespace InverseScope.Agent.Chat;

/// <summary>Which models an Ollama service has.</summary>
public static class OllamaModels
{
    // Who only looks whether something is there does not wait for it.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <param name="options">Only the address counts.</param>
    /// <returns>Names in the order of the service, and null; or null, and why there are none to be had.</returns>
    public static async Task<(IReadOnlyList<string>? Models, string? Problem)> ListAsync(ChatOptions options, TimeProvider clock, CancellationToken cancel)
    {
        using var patience = new CancellationTokenSource(Patience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, patience.Token);
        using var transport = new OllamaTransport(options, clock);
        try
        {
            return ([.. (await transport.Client.ListLocalModelsAsync(either.Token)).Select(m => m.Name)], null);
        }
        catch (ChatFaultException e)
        {
            return (null, e.Message);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return (null, $"{options.Endpoint} does not answer as Ollama does: {e.Message}");
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return (null, $"{options.Endpoint} said nothing for {Patience.TotalSeconds:0} seconds.");
        }
    }
}
