using System.Text.Json.Serialization;
using InverseScope.Core;
using InverseScope.Core.Information;
using InverseScope.Core.Sampling;
using InverseScope.Torch.Models;

namespace InverseScope.Service.Compute;

/// <summary>What service and worker tell each other. Both are one program, so that there is one version of this.</summary>
/// <param name="Id">Of the call that it is or answers; 0 where it is about none.</param>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(OpenCall), "open")]
[JsonDerivedType(typeof(PrepareCall), "prepare")]
[JsonDerivedType(typeof(SampleCall), "sample")]
[JsonDerivedType(typeof(PatchCall), "patch")]
[JsonDerivedType(typeof(ContinueCall), "continue")]
[JsonDerivedType(typeof(ReadCall), "read")]
[JsonDerivedType(typeof(CloseCall), "close")]
[JsonDerivedType(typeof(CancelCall), "cancel")]
[JsonDerivedType(typeof(PingCall), "ping")]
[JsonDerivedType(typeof(ReadyTold), "ready")]
[JsonDerivedType(typeof(TextsTold), "texts")]
[JsonDerivedType(typeof(ProgressTold), "progress")]
[JsonDerivedType(typeof(SetTold), "set")]
[JsonDerivedType(typeof(OpenAnswer), "opened")]
[JsonDerivedType(typeof(SampleAnswer), "sampled")]
[JsonDerivedType(typeof(PatchAnswers), "patched")]
[JsonDerivedType(typeof(ContinueAnswer), "continued")]
[JsonDerivedType(typeof(ReadAnswer), "characters")]
[JsonDerivedType(typeof(DoneAnswer), "done")]
[JsonDerivedType(typeof(FaultAnswer), "fault")]
internal abstract record WorkerMessage(long Id);

/// <param name="Backend">By which calls name what is opened.</param>
/// <param name="Task">Name or file, as <see cref="Core.Tasks.TaskCatalog.SourceOf"/> tells it.</param>
internal sealed record OpenCall(
    long Id, long Backend, string Model, TargetWeights Weights, string Task, string TaskFingerprint, MeasurementOptions Options, long Seed) : WorkerMessage(Id);

internal sealed record PrepareCall(long Id, long Backend, IReadOnlyList<string> Sites) : WorkerMessage(Id);

internal sealed record SampleCall(long Id, long Backend, string Site, IReadOnlyList<string> References, string Stream) : WorkerMessage(Id);

internal sealed record PatchCall(long Id, long Backend, string Site, IReadOnlyList<PatchRequest> Requests) : WorkerMessage(Id);

internal sealed record ContinueCall(long Id, long Backend, string Site, IReadOnlyList<ContinuationRequest> Requests) : WorkerMessage(Id);

internal sealed record ReadCall(long Id, long Backend, string Site, IReadOnlyList<string> Texts) : WorkerMessage(Id);

internal sealed record CloseCall(long Id, long Backend) : WorkerMessage(Id);

/// <summary>Cancels the call of its id.</summary>
internal sealed record CancelCall(long Id) : WorkerMessage(Id);

/// <summary>Asks for a sign of life, which comes however much is being computed.</summary>
internal sealed record PingCall(long Id) : WorkerMessage(Id);

/// <summary>The first message of a worker: it can compute.</summary>
internal sealed record ReadyTold(string Device) : WorkerMessage(0);

/// <summary>Texts that are new in the pool of a backend, in the order of their ids.</summary>
internal sealed record TextsTold(long Backend, IReadOnlyList<string> Texts) : WorkerMessage(0);

internal sealed record ProgressTold(long Id, WorkProgress Progress) : WorkerMessage(Id);

/// <summary>The samples of one reference; behind it their ids, weights and distances, as many of each as it says.</summary>
internal sealed record SetTold(
    long Id, int Reference, int Texts, int Distances, double Ess, int Neighbours, double? Bits, IReadOnlyList<TokenBits>? Tokens, double? PriorGap,
    DrawCounts? Draws) : WorkerMessage(Id);

/// <summary>Behind it the weights of the prior's texts, if they have any.</summary>
internal sealed record OpenAnswer(long Id, TargetDescription Target, GeneratorDescription? Generator, int PriorTexts) : WorkerMessage(Id);

/// <summary>Comes after the sets.</summary>
internal sealed record SampleAnswer(long Id, IReadOnlyList<int> WithoutPosition, double PriorShareWithPosition, long Rows) : WorkerMessage(Id);

internal sealed record PatchAnswers(long Id, IReadOnlyList<PatchOutcome?> Outcomes) : WorkerMessage(Id);

internal sealed record ContinueAnswer(long Id, IReadOnlyList<string?> Texts) : WorkerMessage(Id);

internal sealed record ReadAnswer(long Id, IReadOnlyList<int?> Characters) : WorkerMessage(Id);

internal sealed record DoneAnswer(long Id) : WorkerMessage(Id);

internal enum WorkerFaultKind
{
    BadInput,

    /// <summary>It does not fit where it is to run.</summary>
    Memory,
    Outside,
    NotSupported,
    Cancelled,

    /// <summary>Of the program.</summary>
    Fault,
}

/// <param name="Fix">Of bad input.</param>
/// <param name="Details">Of a fault of the program: where it came from.</param>
internal sealed record FaultAnswer(long Id, WorkerFaultKind Fault, string What, string? Fix = null, string? Details = null) : WorkerMessage(Id)
{
    public static FaultAnswer Of(long id, Exception exception) => exception switch
    {
        ShortOfMemoryException e => new(id, WorkerFaultKind.Memory, e.What, e.Fix),
        BadInputException e => new(id, WorkerFaultKind.BadInput, e.What, e.Fix),
        OutsideServiceException e => new(id, WorkerFaultKind.Outside, e.Message),
        NotSupportedException e => new(id, WorkerFaultKind.NotSupported, e.Message),
        OperationCanceledException e => new(id, WorkerFaultKind.Cancelled, e.Message),
        AggregateException { InnerExceptions: [var only] } => Of(id, only),
        var e => new(id, WorkerFaultKind.Fault, e.Message, null, e.ToString()),
    };

    /// <summary>As it was thrown in the worker.</summary>
    public Exception Thrown(CancellationToken cancel) => Fault switch
    {
        WorkerFaultKind.Memory => new ShortOfMemoryException(What, Fix),
        WorkerFaultKind.BadInput => new BadInputException(What, Fix),
        WorkerFaultKind.Outside => new OutsideServiceException(What),
        WorkerFaultKind.NotSupported => new NotSupportedException(What),
        WorkerFaultKind.Cancelled => new OperationCanceledException(What, cancel),
        WorkerFaultKind.Fault => new WorkerFaultException(What, Details),
        _ => throw new InvalidOperationException($"Unknown fault {Fault}."),
    };
}

/// <summary>A fault of the program in the worker.</summary>
internal sealed class WorkerFaultException(string message, string? details) : Exception(message)
{
    public override string ToString() => $"{base.ToString()}{Environment.NewLine}in the worker: {details}";
}
