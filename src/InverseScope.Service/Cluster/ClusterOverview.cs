using InverseScope.Service.Desk;
using InverseScope.Sweeps.Store;

namespace InverseScope.Service.Cluster;

/// <summary>A cluster as people and programs see it.</summary>
/// <param name="Version">Of the program, the same everywhere.</param>
/// <param name="Queue">Shares of those who asked for workers lately.</param>
/// <param name="Sweeps">Those that are worked on.</param>
public sealed record ClusterOverview(
    string Version, IReadOnlyList<ClusterService> Services, IReadOnlyList<ClusterWorker> Workers, IReadOnlyList<ClusterShare> Queue, IReadOnlyList<ClusterSweep> Sweeps);

/// <summary>A service of the cluster.</summary>
/// <param name="Host">Name of its machine.</param>
/// <param name="Process">Number of its process there.</param>
/// <param name="Member">Its address among the members.</param>
/// <param name="Answers">Whether it is the one that tells.</param>
public sealed record ClusterService(string Host, int Process, string Member, bool Answers);

/// <summary>A worker of the cluster.</summary>
/// <param name="Host">Name of its machine.</param>
/// <param name="Process">Number of its process there.</param>
/// <param name="Device">e.g. <c>cuda:0</c>.</param>
/// <param name="FreeBytes">Memory that is free where it computes; null where that is not known.</param>
/// <param name="Loaded">Models that it has open, each with its task.</param>
/// <param name="Models">Names of models that it has as files.</param>
/// <param name="Generators">Names of generators that it has as files.</param>
/// <param name="Busy">Share of the last minute in which it computed, 0 to 1.</param>
/// <param name="CallsPerMinute">Calls that ended in the last minute.</param>
/// <param name="Calls">Calls that it works on or keeps waiting.</param>
/// <param name="Seen">When it told this.</param>
public sealed record ClusterWorker(
    string Id, string Host, int Process, string Device, long? FreeBytes, IReadOnlyList<string> Loaded, IReadOnlyList<string> Models, IReadOnlyList<string> Generators,
    double Busy, double CallsPerMinute, int Calls, DateTimeOffset Seen);

/// <summary>What one of those who share the workers gets.</summary>
/// <param name="Owner">Id of a sweep; another text for what people ask at pages.</param>
/// <param name="Weight">Its share of the workers' time beside the weights of others that wait.</param>
/// <param name="Waiting">Calls that no worker has yet.</param>
/// <param name="Running">Calls that one has.</param>
/// <param name="Seconds">Time of workers that it has used.</param>
public sealed record ClusterShare(string Owner, double Weight, int Waiting, int Running, double Seconds);

/// <summary>A sweep that is worked on.</summary>
/// <param name="Service">Machine and process of the service that works on it; its address among the members where that is gone.</param>
/// <param name="Seconds">Of work in this run.</param>
public sealed record ClusterSweep(string Id, SweepPriority Priority, string Service, SweepPace Pace, double Seconds);
